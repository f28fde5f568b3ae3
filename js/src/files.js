// The files of the package: from the disk in Node, by fetch elsewhere.

import { InternalError } from './errors.js';

const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);

/**
 * The smallest module that uses simd128: it drops a vector. Where it is valid, so are those that compute with vectors.
 */
const WITH_SIMD128 = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  1, 4, 1, 0x60, 0, 0, // type 0: nothing to nothing
  3, 2, 1, 0, // function 0 has it
  10, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b, // i32.const 0, i8x16.splat, drop, end
]);

/** Whether this machine runs simd128. */
export function hasSimd128() {
  return WebAssembly.validate(WITH_SIMD128);
}

/** The bytes of a file of `dist`, or of the address that stands for it. */
export async function read(name, instead) {
  if (ArrayBuffer.isView(instead) || instead instanceof ArrayBuffer) {
    return new Uint8Array(instead.buffer ?? instead, instead.byteOffset ?? 0, instead.byteLength);
  }
  const url = instead ? new URL(instead, import.meta.url) : new URL(`../dist/${name}`, import.meta.url);
  try {
    if (isNode && url.protocol === 'file:') {
      const { readFile } = await import('node:fs/promises');
      return await readFile(url);
    }
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new InternalError(`${url.href} cannot be read: ${error.message}`);
  }
}
