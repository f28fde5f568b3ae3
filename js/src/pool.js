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
  #next = 0;
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
      const id = this.#next++;
      const abort = () => this.#abort(id, signal.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const over = () => {
        signal?.removeEventListener('abort', abort);
        this.#calls.delete(id);
        if (this.#calls.size === 0) this.#idle();
      };
      const request = { id, method, bytes, options };
      this.#calls.set(id, {
        request,
        onProgress,
        resolve: (value) => (over(), resolve(value)),
        reject: (error) => (over(), reject(error)),
      });
      this.#send(request);
    });
  }

  async #send(request) {
    try {
      const worker = await this.#running();
      worker.ref?.();
      // It may have been aborted meanwhile, or sent along with a new worker.
      if (this.#calls.has(request.id) && !request.sent) {
        request.sent = true;
        const { id, method, bytes, options } = request;
        worker.postMessage({ id, method, bytes, options });
      }
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

  /** Fails one call; if it may have begun, in a worker that goes. */
  #abort(id, reason) {
    const call = this.#calls.get(id);
    if (!call) return;
    const oldest = this.#calls.keys().next().value;
    call.reject(reason);
    if (id !== oldest) return; // it waits in the worker, and its answer will not be heard
    this.#end();
    for (const { request } of this.#calls.values()) {
      request.sent = false;
      this.#send(request);
    }
  }

  #end() {
    this.#worker?.then((worker) => worker.terminate(), () => {});
    this.#worker = null;
  }

  #failAll(error) {
    for (const call of [...this.#calls.values()]) call.reject(error);
  }

  /** A worker without work does not keep a program of Node alive. */
  #idle() {
    this.#worker?.then((worker) => worker.unref?.(), () => {});
  }
}
