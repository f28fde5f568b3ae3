// What tests share.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const fileOf = (path) => new Uint8Array(readFileSync(`${root}/${path}`));

export const bytesOf = (text) => new TextEncoder().encode(text);

export const textOf = (bytes) => new TextDecoder().decode(bytes);

export const lighthouse = () => fileOf('corpus/text/lighthouse.txt');

/** The numbers from 1 to 1000, a line each. */
export const numbers = () => bytesOf(Array.from({ length: 1000 }, (_, i) => `${i + 1}\n`).join(''));

/** Bytes of which nothing is known, as the tests of the library make them. */
export function noise(length) {
  let state = 1n;
  return Uint8Array.from({ length }, () => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1n);
    return Number(state >> 56n);
  });
}

export function repeated(bytes, n) {
  const all = new Uint8Array(n * bytes.length);
  for (let i = 0; i < n; i += 1) all.set(bytes, i * bytes.length);
  return all;
}

/** All that a stream gives, for bytes that come in chunks. */
export async function through(stream, bytes, chunk) {
  const source = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk) controller.enqueue(bytes.subarray(at, at + chunk));
      controller.close();
    },
  });
  const pieces = [];
  for await (const piece of source.pipeThrough(stream)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}
