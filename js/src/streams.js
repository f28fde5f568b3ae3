// Streams: whole pieces on the way in, whole frames on the way out.

import { InvalidError, TooLongError } from './errors.js';

/** What becomes one frame, unless asked: the memory for a few groups. */
const FRAME_BYTES = 16 << 20;

/** Bytes that come in pieces. */
class Gathered {
  #pieces = [];
  length = 0;

  push(bytes) {
    this.#pieces.push(bytes);
    this.length += bytes.length;
  }

  /** All, as one piece. */
  whole() {
    if (this.#pieces.length !== 1) {
      const whole = new Uint8Array(this.length);
      let at = 0;
      for (const piece of this.#pieces) {
        whole.set(piece, at);
        at += piece.length;
      }
      this.#pieces = [whole];
    }
    return this.#pieces[0];
  }

  /** Takes so many from the front. */
  take(n) {
    const whole = this.whole();
    this.#pieces = [whole.subarray(n)];
    this.length -= n;
    return whole.subarray(0, n);
  }
}

function bytesOf(chunk) {
  if (chunk instanceof Uint8Array) return chunk.slice();
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk.slice(0));
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.byteLength));
  }
  throw new InvalidError('a stream of bytes is needed', { what: 'chunk' });
}

/**
 * A TransformStream that compresses. Each `frameBytes` of the original become a frame of their own, since all of a frame is
 * in memory; what fits one frame gives the bytes that `compress` gives.
 */
export function compressing(llmzip, { frameBytes = FRAME_BYTES, ...options } = {}) {
  if (!Number.isInteger(frameBytes) || frameBytes < 1) {
    throw new InvalidError(`frameBytes: ${frameBytes} cannot be`, { what: 'frameBytes' });
  }
  const waiting = new Gathered();
  const progress = inAll(options);
  let frames = 0;
  const frame = async (length, controller) => {
    frames += 1;
    const bytes = waiting.take(length);
    controller.enqueue(await (await llmzip).compress(bytes, { ...options, onProgress: progress.next() }));
  };
  return new TransformStream({
    async transform(chunk, controller) {
      waiting.push(bytesOf(chunk));
      // One byte more is behind it, so that the last frame is never empty.
      while (waiting.length > frameBytes) await frame(frameBytes, controller);
    },
    async flush(controller) {
      if (waiting.length > 0 || frames === 0) await frame(waiting.length, controller);
    },
  });
}

/**
 * A TransformStream that decompresses: each frame is given when all of it is there. A file of the command line is one
 * frame, so that all of it is in memory.
 */
export function decompressing(llmzip, options = {}) {
  const waiting = new Gathered();
  const progress = inAll(options);
  let left = options.maxOutput;
  let tryAt = 1;
  const decode = async (bytes, controller) => {
    const limit = left === undefined ? {} : { maxOutput: left };
    const limits = { ...options, ...limit, onProgress: progress.next() };
    let plain;
    try {
      plain = await (await llmzip).decompress(bytes, limits);
    } catch (error) {
      if (error instanceof TooLongError) {
        const limitBytes = options.maxOutput;
        throw new TooLongError(`the original has more than ${limitBytes} bytes, the most that was allowed`, { limitBytes });
      }
      throw error;
    }
    if (left !== undefined) left -= plain.length;
    if (plain.length > 0) controller.enqueue(plain);
  };
  let some = false;
  return new TransformStream({
    async transform(chunk, controller) {
      options.signal?.throwIfAborted();
      waiting.push(bytesOf(chunk));
      // Each try walks over all that is there: there is one each time that it has doubled.
      if (waiting.length < tryAt) return;
      const whole = await (await llmzip).wholeFrames(waiting.whole());
      if (whole > 0) {
        await decode(waiting.take(whole), controller);
        some = true;
      }
      tryAt = 2 * Math.max(waiting.length, 1);
    },
    async flush(controller) {
      // What is wrong with the rest is said here; nothing at all is no file.
      const rest = waiting.take(waiting.length);
      if (some && rest.every((byte) => byte === 0)) return;
      await decode(rest, controller);
    },
  });
}

/** Adds up the progress of calls that follow each other. */
function inAll({ onProgress }) {
  const before = { plainBytes: 0, storedBytes: 0 };
  let last = { plainBytes: 0, storedBytes: 0 };
  return {
    next() {
      before.plainBytes += last.plainBytes;
      before.storedBytes += last.storedBytes;
      last = { plainBytes: 0, storedBytes: 0 };
      return (done) => {
        last = done;
        onProgress?.({
          plainBytes: before.plainBytes + done.plainBytes,
          storedBytes: before.storedBytes + done.storedBytes,
        });
      };
    },
  };
}
