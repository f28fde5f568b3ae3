// The package on the thread that calls it: bytes in, bytes out.

import { InvalidError, NotLlmzipError } from './errors.js';
import { hasSimd128, read } from './files.js';
import { Native } from './native.js';
import { compressing, decompressing } from './streams.js';

export * from './errors.js';
export { hasSimd128 } from './files.js';
export { LlmzipWorker } from './pool.js';

const FULL_HASHES = 1;
const VERIFY = 2;

/** Levels from here on need the model. */
const FIRST_WITH_MODEL = 4;

/** Compresses and decompresses on this thread; `load` makes one. */
export class Llmzip {
  #module;
  #native;
  #model;
  #modelBytes = null;
  #hasModel = false;

  constructor(module, model) {
    this.#module = module;
    this.#model = model;
  }

  /** The name of the instruction set that the module was built for. */
  get isa() {
    return text(this.#instance().ask('llmzip_isa'));
  }

  async compress(bytes, options = {}) {
    const { level = 5, lanes = 0, window = 0, groupBytes, fullHashes, verify } = options;
    const groupLog2 = groupBytes === undefined ? 0 : Math.log2(groupBytes);
    for (const [name, value] of Object.entries({ level, lanes, window, groupBytes: groupLog2 })) {
      if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
        throw new InvalidError(`${name}: ${options[name]} cannot be`, { what: name });
      }
    }
    const flags = (fullHashes ? FULL_HASHES : 0) | (verify ? VERIFY : 0);
    const numbers = [level, lanes, window, groupLog2, flags];
    return this.#run('llmzip_compress', bytes, numbers, options, level >= FIRST_WITH_MODEL);
  }

  async decompress(bytes, options = {}) {
    const limits = [options.maxOutput ?? -1, options.memoryLimit ?? -1];
    return this.#run('llmzip_decompress', bytes, limits, options, this.#asksForModel(bytes));
  }

  async info(bytes) {
    return JSON.parse(text(this.#instance().call('llmzip_info', checked(bytes))));
  }

  async bitsPerToken(bytes) {
    const answer = await this.#run('llmzip_bits_per_token', bytes, [], {}, true);
    const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
    const n = answer.byteLength / 8;
    const lengths = Uint32Array.from({ length: n }, (_, i) => view.getUint32(8 * i, true));
    const bits = Float32Array.from({ length: n }, (_, i) => view.getFloat32(8 * i + 4, true));
    return { lengths, bits };
  }

  async modelId() {
    return text(this.#instance(await this.#loaded()).ask('llmzip_model_id'));
  }

  /** The hash of the numbers that the model gives here for a fixed text, to be compared with other machines'. */
  async knownAnswer() {
    return text(this.#instance(await this.#loaded()).ask('llmzip_known_answer'));
  }

  /** Compares the fast functions with the plain ones here; gives what differs first, or null. */
  async selfCheck() {
    return text(this.#instance().ask('llmzip_selfcheck')) || null;
  }

  compressStream(options = {}) {
    return compressing(this, options);
  }

  decompressStream(options = {}) {
    return decompressing(this, options);
  }

  /** The bytes of whole frames at the beginning of a file. */
  wholeFrames(bytes) {
    return this.#instance().count('llmzip_whole_frames', checked(bytes));
  }

  async #run(name, bytes, numbers, { onProgress, signal }, withModel) {
    signal?.throwIfAborted();
    checked(bytes);
    const model = withModel ? await this.#loaded() : null;
    signal?.throwIfAborted();
    return this.#instance(model).call(name, bytes, numbers, { onProgress, signal });
  }

  /** Whether a group of a file was coded with a model. */
  #asksForModel(bytes) {
    try {
      return JSON.parse(text(this.#instance().call('llmzip_info', checked(bytes)))).some(usesModel);
    } catch (error) {
      if (error instanceof NotLlmzipError || error instanceof InvalidError) throw error;
      // Decompressing says best what is wrong, and may come to a group with a model before.
      return true;
    }
  }

  /** An instance that works, and that has the model if one is given. */
  #instance(model = null) {
    if (!this.#native || this.#native.broken) {
      this.#native = new Native(this.#module);
      this.#hasModel = false;
    }
    if (model && !this.#hasModel) {
      this.#native.call('llmzip_model', model);
      this.#hasModel = true;
    }
    return this.#native;
  }

  /** The bytes of the model. */
  async #loaded() {
    this.#modelBytes ??= read('builtin.llmw', this.#model);
    try {
      return await this.#modelBytes;
    } catch (error) {
      this.#modelBytes = null; // it may be there next time
      throw error;
    }
  }
}

/**
 * Loads the module: that with simd128 where this machine runs it. The model is loaded when it is first needed.
 *
 * `wasm` and `model` are addresses or bytes in the place of the package's own; `simd` false takes the plain module.
 */
export async function load({ wasm, model, simd = hasSimd128() } = {}) {
  const bytes = await read(simd ? 'llmzip-simd128.wasm' : 'llmzip.wasm', wasm);
  return new Llmzip(await WebAssembly.compile(bytes), model);
}

let shared = null;

/** The one that the functions below use. */
function own() {
  shared ??= load().catch((error) => {
    shared = null;
    throw error;
  });
  return shared;
}

export const compress = async (bytes, options) => (await own()).compress(bytes, options);
export const decompress = async (bytes, options) => (await own()).decompress(bytes, options);
export const info = async (bytes) => (await own()).info(bytes);
export const bitsPerToken = async (bytes) => (await own()).bitsPerToken(bytes);
export const compressStream = (options) => compressing(own(), options);
export const decompressStream = (options) => decompressing(own(), options);

function text(bytes) {
  return new TextDecoder().decode(bytes);
}

function checked(bytes) {
  if (!(bytes instanceof Uint8Array)) throw new InvalidError('bytes are a Uint8Array', { what: 'bytes' });
  return bytes;
}

function usesModel(frame) {
  return frame.model_id != null;
}
