//! What can be asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use llmzip::stream::{self, DecompressOptions, Seen, inspect_with};

use super::super::list::{Document, Totals};
use super::Shared;
use super::access;
use super::batch::{SHARED_BYTES, Short};
use super::body::{Beginning, Incoming};
use super::cache::Answers;
use super::fault::Fault;
use super::long::{Long, Place};
use super::question::{Coding, CompressQuery, TokensQuery};

type Answer = Result<Response, Fault>;
type Asked<T> = Result<Query<T>, QueryRejection>;
type Us = State<Arc<Shared>>;

const OPENAPI: &str = include_str!("openapi.json");

/// Everything that can be asked, with what stands around it.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/compress", post(compress))
        .route("/decompress", post(decompress))
        .route("/info", post(info))
        .route("/tokens", post(tokens))
        .route("/models", get(models))
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(|| async { as_json(OPENAPI) }))
        .fallback(|| async {
            let fault = Fault::question("/openapi.json says what can be asked").into_response();
            (StatusCode::NOT_FOUND, fault)
        })
        .layer(from_fn_with_state(shared.clone(), access::watch))
        .with_state(shared)
}

fn as_json(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.into()).into_response()
}

fn as_bytes(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        const { axum::http::HeaderValue::from_static("application/octet-stream") },
    );
    response
}

fn asked<T>(query: Asked<T>) -> Result<T, Fault> {
    query.map(|Query(query)| query).map_err(|error| Fault::question(error.body_text()))
}

impl Shared {
    fn deadline(&self) -> Instant {
        Instant::now() + self.limits.work
    }

    fn incoming(&self, body: Body) -> Result<Incoming, Fault> {
        Incoming::new(body, self.limits.idle, self.limits.body_bytes)
    }

    /// The answer to a short question, known or new.
    async fn short(
        &self,
        short: Short,
        bytes: Bytes,
        plain_bytes: usize,
        deadline: Instant,
    ) -> Answer {
        let key = Answers::key(&short, &bytes);
        let answer = match self.answers.find(&key) {
            Some(answer) => {
                self.metrics.hit();
                answer
            }
            None => {
                let asked = timeout_at(deadline, self.batcher.ask(short, bytes, plain_bytes)).await;
                let answer = asked.map_err(|_| Fault::out_of_time())??;
                self.answers.keep(key, answer.clone());
                answer
            }
        };
        Ok(as_bytes(answer.into_response()))
    }

    /// A long request, and a place for it.
    async fn long(&self, begun: Beginning, deadline: Instant) -> Result<(Long, Place), Fault> {
        let place = self.places.take(deadline).await?;
        Ok((self.without_place(begun, deadline), place))
    }

    fn without_place(&self, begun: Beginning, deadline: Instant) -> Long {
        let (beginning, rest) = match begun {
            Beginning::Whole(bytes) => (bytes, None),
            Beginning::Part(bytes, rest) => (bytes, Some(rest)),
        };
        Long { beginning, rest, deadline, unread_bytes: self.limits.unread_bytes }
    }
}

async fn compress(State(us): Us, query: Asked<CompressQuery>, body: Body) -> Answer {
    let deadline = us.deadline();
    let coding = Coding::of(asked(query)?, &us.models)?;
    let begun = us.incoming(body)?.begin(SHARED_BYTES).await?;
    if let (Beginning::Whole(bytes), true) = (&begun, coding.is_plain()) {
        let len = bytes.len();
        return us.short(Short::Compress(coding), bytes.clone(), len, deadline).await;
    }
    let (long, place) = us.long(begun, deadline).await?;
    let (models, limits) = (us.models.clone(), us.limits.clone());
    let answer = long.run(Some(place), move |mut reader, mut writer, watch| {
        let (codec, options) = coding.limited(&models, &limits)?;
        stream::compress(&mut reader, &mut writer, &codec, &options, watch)?;
        models.check_unchanged()
    });
    answer.await.map(as_bytes)
}

/// The length of the original, if all of the file is one frame whose original is short enough to share the model.
fn shared_len(file: &[u8]) -> llmzip::Result<Option<usize>> {
    let (mut frames, mut plain_bytes, mut is_short) = (0, 0, true);
    inspect_with(file, &mut |seen| {
        match seen {
            Seen::Begin(frame) => is_short &= frame.form == llmzip::container::Form::Short,
            Seen::End(frame) => {
                frames += 1;
                plain_bytes = frame.plain_bytes;
            }
            _ => {}
        }
        Ok(())
    })?;
    let fits = frames == 1 && is_short && plain_bytes <= SHARED_BYTES as u64;
    Ok(fits.then_some(plain_bytes as usize))
}

async fn decompress(State(us): Us, body: Body) -> Answer {
    let deadline = us.deadline();
    let begun = us.incoming(body)?.begin(SHARED_BYTES).await?;
    if let Beginning::Whole(bytes) = &begun
        && let Some(len) = shared_len(bytes)?
    {
        return us.short(Short::Decompress, bytes.clone(), len, deadline).await;
    }
    let (long, place) = us.long(begun, deadline).await?;
    let (models, limits) = (us.models.clone(), us.limits.clone());
    let answer = long.run(Some(place), move |mut reader, mut writer, watch| {
        let options = DecompressOptions {
            memory_limit: limits.memory_bytes,
            max_output: limits.output_bytes,
            ..Default::default()
        };
        let done = stream::decompress(&mut reader, &mut writer, &*models, &options, watch)?;
        match done.foreign_bytes {
            0 => models.check_unchanged(),
            n => Err(stream::foreign_bytes(n)),
        }
    });
    answer.await.map(as_bytes)
}

async fn info(State(us): Us, body: Body) -> Answer {
    let deadline = us.deadline();
    let begun = us.incoming(body)?.begin(SHARED_BYTES).await?;
    // What is there already is looked at in no time.
    let (long, place) = match begun {
        Beginning::Whole(_) => (us.without_place(begun, deadline), None),
        Beginning::Part(..) => us.long(begun, deadline).await.map(|(l, p)| (l, Some(p)))?,
    };
    let answer = long.run(place, |reader, mut writer, watch| {
        let (mut document, mut totals) = (Document::default(), Totals::default());
        document.begin_file(&mut writer, "")?;
        inspect_with(reader, &mut |seen| {
            watch.leave_if_stopped();
            if let Seen::Behind { foreign: n @ 1.., .. } = seen {
                return Err(stream::foreign_bytes(n));
            }
            totals.add(&seen, &None);
            Ok(document.add(&mut writer, seen)?)
        })?;
        Ok(document.end_file(&mut writer, &totals, None)?)
    });
    let answer = answer.await?;
    Ok(as_json(answer.into_body()))
}

async fn tokens(State(us): Us, query: Asked<TokensQuery>, body: Body) -> Answer {
    let deadline = us.deadline();
    let name = asked(query)?.model.unwrap_or_else(|| llmzip::model::BUILTIN_NAME.into());
    let model = us.models.called(&name)?.model.clone();
    let most = us.limits.text_bytes;
    let begun = us.incoming(body)?.begin(usize::try_from(most).unwrap_or(usize::MAX)).await?;
    let Beginning::Whole(text) = begun else { return Err(Fault::too_large(most)) };
    let (long, place) = us.long(Beginning::Whole(text.clone()), deadline).await?;
    let answer = long.run(Some(place), move |_, writer, watch| {
        write!(writer, "{{\"model\":{},\"tokens\":[", json!(name))?;
        let (mut comma, mut sum) = ("", 0.0);
        model.token_bits(&text, rayon::current_num_threads(), &mut |token, bits| {
            watch.leave_if_stopped();
            sum += bits;
            // Not every token is text of its own.
            let token = json!({
                "text": std::str::from_utf8(token).ok(),
                "hex": llmzip::container::hex(token),
                "bits": bits,
            });
            write!(writer, "{comma}{token}")?;
            comma = ",";
            Ok(())
        })?;
        Ok(write!(writer, "],\"bytes\":{},\"bits\":{}}}", text.len(), json!(sum))?)
    });
    let answer = answer.await?;
    Ok(as_json(answer.into_body()))
}

async fn models(State(us): Us) -> Response {
    let all = us.models.all().iter().map(|known| {
        json!({
            "name": known.name,
            "id": llmzip::container::hex(&known.model.id().0),
            "bytes": known.model.stored_bytes(),
            "window": known.model.config().window,
            "vocabulary": known.model.config().coded,
        })
    });
    as_json(json!({ "models": all.collect::<Vec<_>>() }).to_string())
}

async fn ready(State(us): Us) -> Answer {
    match us.stopping.load(Ordering::Acquire) {
        true => Err(Fault::stopping()),
        false => Ok(([(CACHE_CONTROL, "no-store")], "ready\n").into_response()),
    }
}

async fn metrics(State(us): Us) -> Answer {
    let text = us.metrics.text(us.batcher.waiting()).map_err(|_| Fault::internal())?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
