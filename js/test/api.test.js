import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as llmzip from '../src/index.js';
import { bytesOf, fileOf, lighthouse, noise, repeated, textOf, through } from './common.js';

const text = lighthouse();

describe('calls', () => {
  test('info says what a file has, with nothing decoded', async () => {
    const [frame, ...others] = await llmzip.info(fileOf('tests/files/good-text-groups.llmz'));
    assert.equal(others.length, 0);
    assert.equal(frame.plain_bytes, text.length);
    assert.equal(frame.group_bytes, 2048);
    assert.equal(frame.groups.length, Math.ceil(text.length / 2048));
    const { createHash } = await import('node:crypto');
    assert.equal(frame.sha256, createHash('sha256').update(text).digest('hex'));
    const own = await (await llmzip.load()).modelId();
    assert.equal(frame.model_id, own);
  });

  test('bits of tokens belong to the bytes, and known text costs less than noise', async () => {
    const { lengths, bits } = await llmzip.bitsPerToken(text);
    const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
    assert.equal(sum(lengths), text.length);
    assert.ok(bits.every((bits) => bits > 0 && bits < 40));
    const perByte = sum(bits) / text.length;
    const random = await llmzip.bitsPerToken(noise(500));
    assert.ok(perByte > 0.5 && perByte < 3, `${perByte} bits per byte`);
    assert.ok(sum(random.bits) / 500 > 6);
    assert.equal((await llmzip.bitsPerToken(new Uint8Array(0))).bits.length, 0);
  });

  test('verify and levels give the same bytes back', async () => {
    const part = text.subarray(0, 700);
    for (const level of [1, 2, 5, 7]) {
      const packed = await llmzip.compress(part, { level, verify: true });
      assert.deepEqual(Buffer.from(await llmzip.decompress(packed)), Buffer.from(part));
    }
  });
});

describe('errors', () => {
  const fails = (promise, Class, facts = {}) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof Class && error instanceof llmzip.LlmzipError, `${error.name}: ${error}`);
      assert.equal(`${error.kind}Error`, Class.name);
      for (const [name, value] of Object.entries(facts)) assert.deepEqual(error[name], value);
      return true;
    });

  test('bytes of others are refused', async () => {
    await fails(llmzip.decompress(bytesOf('PK\x03\x04')), llmzip.NotLlmzipError);
    await fails(llmzip.info(bytesOf('PK\x03\x04')), llmzip.NotLlmzipError);
    await fails(llmzip.decompress(new Uint8Array(0)), llmzip.TruncatedError);
  });

  test('what is cut or changed says what and where', async () => {
    const groups = fileOf('tests/files/good-text-groups.llmz');
    await fails(llmzip.decompress(groups.subarray(0, 700)), llmzip.TruncatedError);
    const changed = groups.slice();
    changed[groups.length >> 1] ^= 0xff;
    await assert.rejects(llmzip.decompress(changed), (error) => {
      assert.ok(error instanceof llmzip.DamagedError);
      const { group, bytes } = error;
      assert.deepEqual(bytes, [group * 2048, Math.min((group + 1) * 2048, text.length)]);
      assert.match(error.message, new RegExp(`group ${group}`));
      return true;
    });
    const message = fileOf('tests/files/good-message.llmz');
    message[3] ^= 0xff;
    await fails(llmzip.decompress(message), llmzip.MissingModelError);
  });

  test('limits hold', async () => {
    const packed = fileOf('tests/files/good-zeros.llmz');
    await fails(llmzip.decompress(packed, { maxOutput: 99_999 }), llmzip.TooLongError, { limitBytes: 99_999 });
    await fails(llmzip.decompress(packed, { memoryLimit: 1000 }), llmzip.MemoryError, { limitBytes: 1000 });
    assert.equal((await llmzip.decompress(packed, { maxOutput: 100_000 })).length, 100_000);
  });

  test('options that cannot be are refused', async () => {
    const bytes = bytesOf('text');
    for (const options of [{ level: 9 }, { level: 0 }, { level: 2.5 }, { groupBytes: 1000 }, { lanes: -1 }]) {
      await fails(llmzip.compress(bytes, options), llmzip.InvalidError);
    }
    await fails(llmzip.compress('text'), llmzip.InvalidError);
    assert.throws(() => llmzip.compressStream({ frameBytes: 0 }), llmzip.InvalidError);
  });

  test('a model that is not one is refused, and one that cannot be read says so', async () => {
    const broken = await llmzip.load({ model: noise(5000) });
    await fails(broken.compress(text), llmzip.NotLlmzipError);
    const absent = await llmzip.load({ model: new URL('absent.llmw', import.meta.url) });
    await fails(absent.compress(text), llmzip.InternalError);
    // Without the model it goes on.
    assert.ok((await absent.compress(text, { level: 1 })).length < text.length);
  });
});

describe('progress and cancelling', () => {
  test('progress grows to the whole', async () => {
    const seen = [];
    const long = repeated(text, 10).map((byte, i) => (i % 97 === 0 ? 48 + (i % 10) : byte));
    const packed = await llmzip.compress(long, { level: 1, onProgress: (progress) => seen.push(progress) });
    const plain = seen.map((progress) => progress.plainBytes);
    assert.deepEqual(plain, plain.toSorted((a, b) => a - b));
    assert.equal(plain.at(-1), long.length);
    assert.equal(seen.at(-1).storedBytes, packed.length);
  });

  test('a signal ends the work in the middle of a group, and the next call works', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let calls = 0;
    const onProgress = () => {
      calls += 1;
      controller.abort(reason);
    };
    const long = noise(300_000).map((byte) => 32 + (byte % 64));
    const work = llmzip.compress(long, { level: 1, onProgress, signal: controller.signal });
    await assert.rejects(work, (error) => error === reason);
    assert.equal(calls, 1);
    await assert.rejects(llmzip.compress(text, { signal: controller.signal }), (error) => error === reason);
    assert.equal(textOf(await llmzip.decompress(await llmzip.compress(bytesOf('next')))), 'next');
  });

  test('what onProgress throws comes out', async () => {
    const onProgress = () => {
      throw new RangeError('mine');
    };
    await assert.rejects(llmzip.compress(text, { level: 1, onProgress }), { name: 'RangeError', message: 'mine' });
  });
});

describe('streams', () => {
  test('a stream gives the bytes that a call gives, however they come', async () => {
    const packed = Buffer.from(await llmzip.compress(text, { level: 1 }));
    for (const chunk of [1000, 7, text.length]) {
      assert.deepEqual(Buffer.from(await through(llmzip.compressStream({ level: 1 }), text, chunk)), packed);
    }
    for (const chunk of [1, 100, packed.length]) {
      assert.deepEqual(Buffer.from(await through(llmzip.decompressStream(), packed, chunk)), Buffer.from(text));
    }
  });

  test('a long stream is frames, and comes out frame by frame', async () => {
    const frameBytes = 1000;
    const packed = await through(llmzip.compressStream({ level: 1, frameBytes }), text, 333);
    assert.equal((await llmzip.info(packed)).length, Math.ceil(text.length / frameBytes));
    assert.deepEqual(Buffer.from(await llmzip.decompress(packed)), Buffer.from(text));
    assert.deepEqual(Buffer.from(await through(llmzip.decompressStream(), packed, 50)), Buffer.from(text));
    const limited = through(llmzip.decompressStream({ maxOutput: text.length - 1 }), packed, 50);
    await assert.rejects(limited, { kind: 'TooLong', limitBytes: text.length - 1 });
  });

  test('an empty stream is a file of nothing; half a file and no file are errors', async () => {
    const empty = Buffer.from(await through(llmzip.compressStream(), new Uint8Array(0), 1));
    assert.deepEqual(empty, Buffer.from(fileOf('tests/files/good-empty.llmz')));
    assert.equal((await through(llmzip.decompressStream(), empty, 1)).length, 0);
    const packed = await llmzip.compress(text, { level: 1 });
    await assert.rejects(through(llmzip.decompressStream(), packed.subarray(0, 500), 100), { kind: 'Truncated' });
    await assert.rejects(through(llmzip.decompressStream(), new Uint8Array(0), 1), { kind: 'Truncated' });
  });
});
