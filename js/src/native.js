// The boundary to the module: bytes are copied in, a code and an answer come out.

import { InternalError, MemoryError, errorOf } from './errors.js';

/** Thrown through the module to leave it; the instance is of no use afterwards. */
const LEFT = Symbol('left');

/** One instance of the module. */
export class Native {
  #exports;
  #watch = null;
  #panic = '';
  /** Whether a call was left in the middle, or has failed: what is in memory then is not to be trusted. */
  broken = false;

  constructor(module) {
    const imports = {
      llmzip: {
        progress: (plain, stored) => this.#progress(plain, stored),
        cancelled: () => (this.#watch?.signal?.aborted ? 1 : 0),
        panicked: (at, length) => {
          this.#panic = new TextDecoder().decode(this.#bytes(at, length));
        },
      },
    };
    this.#exports = new WebAssembly.Instance(module, imports).exports;
    this.#exports.llmzip_begin();
  }

  /** Calls a function of `bytes` and numbers, and gives its answer, copied. */
  call(name, bytes, numbers = [], watch = null) {
    return this.#guarded(watch, () => {
      const failed = this.#given(bytes, (at, length) => this.#exports[name](at, length, ...numbers));
      return this.#answer(failed);
    });
  }

  /** Calls a function of nothing, and gives its answer, copied. */
  ask(name) {
    return this.#guarded(null, () => this.#answer(this.#exports[name]()));
  }

  /** Calls a function of `bytes` that gives a number. */
  count(name, bytes) {
    return this.#guarded(null, () =>
      this.#given(bytes, (at, length) => this.#exports[name](at, length) >>> 0),
    );
  }

  #guarded(watch, work) {
    if (this.broken) throw new InternalError('the module has failed before');
    this.#watch = watch && { ...watch, plainBytes: 0, storedBytes: 0, thrown: null };
    try {
      return work();
    } catch (error) {
      const left = this.#watch?.thrown;
      if (error === LEFT) {
        this.broken = true;
        throw left.error;
      }
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
        this.broken = true;
        throw this.#panic === ''
          ? new MemoryError(`the module has no more memory (${error.message})`)
          : new InternalError(`the module has failed: ${this.#panic}`);
      }
      throw error;
    } finally {
      this.#watch = null;
    }
  }

  #given(bytes, use) {
    const at = this.#exports.llmzip_alloc(bytes.length) >>> 0;
    this.#bytes(at, bytes.length).set(bytes);
    const result = use(at, bytes.length);
    this.#exports.llmzip_free(at, bytes.length);
    return result;
  }

  #answer(failed) {
    const at = this.#exports.llmzip_answer() >>> 0;
    const answer = this.#bytes(at, this.#exports.llmzip_answer_len() >>> 0).slice();
    this.#exports.llmzip_answer_free();
    if (!failed) return answer;
    // Where the module says that it was stopped, the caller's own reason says why.
    this.#watch?.signal?.throwIfAborted();
    throw errorOf(JSON.parse(new TextDecoder().decode(answer)));
  }

  #bytes(at, length) {
    // Memory may have grown, which leaves older views empty.
    return new Uint8Array(this.#exports.memory.buffer, at, length);
  }

  #progress(plain, stored) {
    const watch = this.#watch;
    if (!watch) return;
    watch.plainBytes += plain;
    watch.storedBytes += stored;
    try {
      watch.onProgress?.({ plainBytes: watch.plainBytes, storedBytes: watch.storedBytes });
      watch.signal?.throwIfAborted();
    } catch (error) {
      // A group may take minutes: the module is left at once, and not only behind it.
      watch.thrown = { error };
      throw LEFT;
    }
  }
}
