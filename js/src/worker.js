// What runs in a worker: one request after the other, answered by its number.

import { factsOf } from './errors.js';
import { load } from './index.js';

const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);
const port = isNode ? (await import('node:worker_threads')).parentPort : globalThis;

const METHODS = ['compress', 'decompress', 'info', 'bitsPerToken', 'modelId', 'knownAnswer', 'selfCheck', 'wholeFrames'];

/** Between two reports of progress. */
const REPORT_MS = 50;

let llmzip;

async function answer({ id, method, bytes, options, begin }) {
  if (begin) {
    llmzip = load(begin);
    llmzip.catch(() => {}); // each request says so
    return;
  }
  try {
    if (!METHODS.includes(method)) throw new TypeError(`no method ${method}`);
    let last = 0;
    const onProgress = (progress) => {
      if (performance.now() - last < REPORT_MS) return;
      last = performance.now();
      port.postMessage({ id, progress });
    };
    const arguments_ = bytes ? [bytes, { ...options, onProgress }] : [];
    const result = await (await llmzip)[method](...arguments_);
    const buffers = [result, ...Object.values(result ?? {})].map((value) => value?.buffer);
    const moved = buffers.filter((buffer) => buffer instanceof ArrayBuffer);
    port.postMessage({ id, result }, [...new Set(moved)]);
  } catch (error) {
    port.postMessage({ id, error: factsOf(error) });
  }
}

if (isNode) port.on('message', answer);
else port.addEventListener('message', (event) => answer(event.data));
