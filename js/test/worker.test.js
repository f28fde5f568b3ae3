import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { DamagedError, InternalError, InvalidError, LlmzipWorker, NotLlmzipError } from '../src/index.js';
import { bytesOf, fileOf, lighthouse, noise, textOf, through } from './common.js';

const text = lighthouse();
const slow = noise(400_000).map((byte) => 32 + (byte % 64));

describe('a worker', () => {
  const worker = new LlmzipWorker();
  after(() => worker.close());

  test('gives the bytes that the library gives', async () => {
    const golden = fileOf('tests/files/good-text-default.llmz');
    assert.deepEqual(Buffer.from(await worker.compress(text)), Buffer.from(golden));
    assert.deepEqual(Buffer.from(await worker.decompress(golden)), Buffer.from(text));
    assert.equal((await worker.info(golden))[0].plain_bytes, text.length);
    const { lengths } = await worker.bitsPerToken(text.subarray(0, 100));
    assert.equal(lengths.reduce((a, b) => a + b, 0), 100);
  });

  test('leaves the bytes that it is given', async () => {
    const bytes = bytesOf('to be used again');
    await worker.compress(bytes, { level: 1 });
    assert.equal(textOf(bytes), 'to be used again');
  });

  test('gives errors of the same classes', async () => {
    await assert.rejects(worker.decompress(bytesOf('PK')), NotLlmzipError);
    const damaged = fileOf('tests/files/good-text-groups.llmz');
    damaged[damaged.length >> 1] ^= 0xff;
    await assert.rejects(worker.decompress(damaged), (error) => error instanceof DamagedError && error.group > 0);
    await assert.rejects(worker.compress('text'), InvalidError);
  });

  test('a signal ends what runs, and what waits goes on', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = worker.compress(slow, {
      level: 2,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    const second = worker.compress(bytesOf('waits'), { level: 1 });
    await assert.rejects(first, (error) => error === reason);
    assert.equal(textOf(await worker.decompress(await second)), 'waits');
  });

  test('what waits can be given up alone', async () => {
    const controller = new AbortController();
    const first = worker.compress(text, { level: 1 });
    const second = worker.compress(text, { level: 1, signal: controller.signal });
    controller.abort();
    await assert.rejects(second, { name: 'AbortError' });
    assert.deepEqual(Buffer.from(await first), Buffer.from(fileOf('tests/files/good-text-light.llmz')));
  });

  test('streams', async () => {
    const packed = await through(worker.compressStream({ level: 1 }), text, 100);
    assert.deepEqual(Buffer.from(await through(worker.decompressStream(), packed, 100)), Buffer.from(text));
  });
});

test('two workers work at the same time, and a closed one refuses', async () => {
  const workers = [new LlmzipWorker(), new LlmzipWorker()];
  const halves = [text.subarray(0, 2000), text.subarray(2000)];
  const packed = await Promise.all(workers.map((worker, i) => worker.compress(halves[i], { level: 1 })));
  // Frames behind each other are a file.
  const plain = await workers[0].decompress(new Uint8Array(Buffer.concat(packed)));
  assert.deepEqual(Buffer.from(plain), Buffer.from(text));
  const waiting = [workers[0].compress(slow, { level: 2 }), workers[0].compress(text, { level: 1 })];
  const refused = waiting.map((promise) => assert.rejects(promise, InternalError));
  for (const worker of workers) worker.close();
  await Promise.all(refused);
  await assert.rejects(workers[0].compress(text), InternalError);
});
