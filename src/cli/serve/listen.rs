//! Connections: how many, how long they may be silent, and their end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::Shared;

/// The most bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;

/// Serves until `stop`; then finishes what was begun, within the limits' grace.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shared: Arc<Shared>,
    stop: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(shared.limits.connections.max(1)));
    let (tell, told) = watch::channel(false);
    let mut connections = JoinSet::new();
    let begin = |connections: &mut JoinSet<()>, stream, permit| {
        let (router, shared) = (router.clone(), shared.clone());
        connections.spawn(connection(stream, router, shared, told.clone(), permit));
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            // Beyond the limit, the system lets others wait.
            let permit = room.clone().acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            (accepted, permit) = next => match accepted {
                Ok((stream, _)) => begin(&mut connections, stream, permit),
                Err(error) => {
                    // Out of descriptors, perhaps: others will close theirs.
                    tracing::warn!(%error, "accept");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    shared.stopping.store(true, Ordering::Release);
    // Whoever the system has let in already is still answered.
    while let Some(Ok((stream, _))) = now(listener.accept()).await {
        begin(&mut connections, stream, None);
    }
    drop(listener);
    let _ = tell.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(shared.limits.grace, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut at the end of the grace");
        connections.shutdown().await;
    }
}

/// The result of what is ready at once.
async fn now<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    router: Router,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
    _permit: Option<OwnedSemaphorePermit>,
) {
    let idle = shared.limits.idle;
    let _ = stream.set_nodelay(true);
    shared.metrics.connections.inc();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(HEAD_BYTES);
    let io = TokioIo::new(Patient { stream, idle, last: Instant::now(), waiting: None });
    let mut serving = std::pin::pin!(server.serve_connection(io, TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = async { drop(stopped.wait_for(|&stopped| stopped).await) } => {
            // The request in work is finished, and none is begun after it.
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection");
    }
    shared.metrics.connections.dec();
}

/// A connection that does not wait for ever for a client that takes nothing. One that goes on sending may take its time:
/// many read nothing of an answer before they have sent the whole of their question.
struct Patient {
    stream: TcpStream,
    idle: Duration,
    /// When the client last gave or took something.
    last: Instant,
    /// Rings when it may have been silent for too long.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn patiently<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if done.is_ready() {
            (self.last, self.waiting) = (Instant::now(), None);
            return done;
        }
        loop {
            let until = self.last + self.idle;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if waiting.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= until {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.waiting = None;
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.last = Instant::now();
        }
        done
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.patiently(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.patiently(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.patiently(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.patiently(cx, done)
    }
}
