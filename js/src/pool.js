// A worker, seen from the thread that has it: the same calls, which do not hold that thread up.

import { InternalError, InvalidError, errorOf } from './errors.js';
import { compressing, decompressing } from './streams.js';

const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);

async function open(url) {
  if (!isNode) return new Worker(url, { type: 'module' });
  const { Worker: NodeWorker } = await import('node:worker_threads');
  return new NodeWorker(url);
}

/**
 * Runs in a worker of its own. Calls are done one after the other; an AbortSignal ends the one that runs by ending the
 * worker, and the others go on in a new one. Several of these do several things at the same time.
 */
export class LlmzipWorker {
  #begin;
  #worker = null;
  #lastId = 0;
  /** The call that is in the worker. */
  #sent = null;
  /** Calls that have not been answered, oldest first: id to call. */
  #calls = new Map();
  #closed = false;

  /** `options` as for `load`. */
  constructor(options = {}) {
    this.#begin = options;
  }

  compress(bytes, options) {
    return this.#call('compress', bytes, options);
  }

  decompress(bytes, options) {
    return this.#call('decompress', bytes, options);
  }

  info(bytes) {
    return this.#call('info', bytes);
  }

  bitsPerToken(bytes) {
    return this.#call('bitsPerToken', bytes);
  }

  modelId() {
    return this.#call('modelId');
  }

  knownAnswer() {
    return this.#call('knownAnswer');
  }

  selfCheck() {
    return this.#call('selfCheck');
  }

  wholeFrames(bytes) {
    return this.#call('wholeFrames', bytes);
  }

  compressStream(options = {}) {
    return compressing(this, options);
  }

  decompressStream(options = {}) {
    return decompressing(this, options);
  }

  /** Ends the worker; calls that wait fail. */
  close() {
    this.#closed = true;
    this.#end();
    this.#failAll(new InternalError('the worker was closed'));
  }

  #call(method, bytes, { onProgress, signal, ...options } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new InternalError('the worker was closed');
      signal?.throwIfAborted();
      if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
        throw new InvalidError('bytes are a Uint8Array', { what: 'bytes' });
      }
      const id = ++this.#lastId;
      const abort = () => this.#abort(id, signal.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const over = () => {
        signal?.removeEventListener('abort', abort);
        this.#calls.delete(id);
        if (this.#sent === id) this.#sent = null;
        if (this.#calls.size === 0) this.#idle();
        else this.#next();
      };
      this.#calls.set(id, {
        request: { id, method, bytes, options },
        onProgress,
        resolve: (value) => (over(), resolve(value)),
        reject: (error) => (over(), reject(error)),
      });
      this.#next();
    });
  }

  /** Sends the oldest call, if none is in the worker: what waits here can still be given up. */
  async #next() {
    const oldest = this.#calls.values().next().value;
    if (this.#sent !== null || !oldest) return;
    const { request } = oldest;
    this.#sent = request.id;
    try {
      const worker = await this.#running();
      worker.ref?.();
      // It may have been given up meanwhile.
      if (this.#sent === request.id) worker.postMessage(request);
    } catch (error) {
      this.#calls.get(request.id)?.reject(new InternalError(`no worker: ${error.message}`));
    }
  }

  #running() {
    this.#worker ??= open(new URL('./worker.js', import.meta.url)).then((worker) => {
      const heard = (message) => this.#heard(message);
      const failed = (error) => {
        this.#worker = null;
        this.#failAll(new InternalError(`the worker has failed: ${error.message}`));
      };
      if (isNode) {
        worker.on('message', heard);
        worker.on('error', failed);
      } else {
        worker.addEventListener('message', (event) => heard(event.data));
        worker.addEventListener('error', failed);
      }
      worker.postMessage({ begin: this.#begin });
      return worker;
    });
    return this.#worker;
  }

  #heard({ id, progress, result, error }) {
    const call = this.#calls.get(id);
    if (!call) return;
    if (progress) {
      try {
        call.onProgress?.(progress);
      } catch (thrown) {
        this.#abort(id, thrown);
      }
    } else if (error) call.reject(errorOf(error));
    else call.resolve(result);
  }

  /** Fails one call; if it is in the worker, that goes too. */
  #abort(id, reason) {
    const call = this.#calls.get(id);
    if (!call) return;
    if (id === this.#sent) this.#end();
    call.reject(reason);
  }

  #end() {
    this.#worker?.then((worker) => worker.terminate(), () => {});
    this.#worker = null;
  }

  #failAll(error) {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#sent = null;
    for (const call of calls) call.reject(error);
  }

  /** A worker without work does not keep a program of Node alive. */
  #idle() {
    this.#worker?.then((worker) => worker.unref?.(), () => {});
  }
}
