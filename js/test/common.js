// What tests share.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { bytesOf } from './originals.js';

export { bytesOf, noise, repeated } from './originals.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const fileOf = (path) => new Uint8Array(readFileSync(`${root}/${path}`));

export const textOf = (bytes) => new TextDecoder().decode(bytes);

export const lighthouse = () => fileOf('corpus/text/lighthouse.txt');

/** The numbers from 1 to 1000, a line each. */
export const numbers = () => bytesOf(Array.from({ length: 1000 }, (_, i) => `${i + 1}\n`).join(''));

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
