// A model that is not the one a file was made with, or not what it was, is an error before any byte comes out.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';

import { DamagedError, InexactError, LlmzipError, MissingModelError, load } from '../src/index.js';
import { fileOf, lighthouse } from './common.js';

const builtin = () => fileOf('js/dist/builtin.llmw');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** Where the parts of a `.llmw` are (src/model/llmw.rs). */
function parts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const config = 32;
  const tokenizer = config + view.getUint32(12, true);
  const start = tokenizer + view.getUint32(16, true);
  const tensors = Math.ceil((start + view.getUint32(20, true)) / 64) * 64;
  const answer = tensors + Number(view.getBigUint64(24, true));
  return { config, tokenizer, start, tensors, answer, id: answer + 32, name: answer + 64 };
}

/** A model with a change, whose hashes are made right again: one with another identity. */
function sealed(change) {
  const bytes = builtin();
  const at = parts(bytes);
  change(bytes, at);
  bytes.set(sha256(bytes.subarray(0, at.answer)), at.id);
  bytes.set(sha256(bytes.subarray(0, bytes.length - 8)).subarray(0, 8), bytes.length - 8);
  return bytes;
}

describe('another model', () => {
  const golden = fileOf('tests/files/good-text-default.llmz');
  const refused = (model, kind) => async () => {
    const llmzip = await load({ model });
    await assert.rejects(llmzip.decompress(golden), kind);
    await assert.rejects(llmzip.compress(lighthouse()), kind);
  };

  test('that was not changed is the builtin', async () => {
    const same = sealed(() => {});
    assert.deepEqual(Buffer.from(same), Buffer.from(builtin()));
  });

  for (const part of ['config', 'tokenizer', 'start', 'tensors']) {
    const changed = builtin();
    changed[parts(changed)[part] + 200] ^= 1;
    test(`damaged in ${part} is refused`, refused(changed, DamagedError));
  }

  // Four neighbours are of one row, whose sum its correction has: that is looked at first.
  test('with other weights does not give the known answer', refused(sealed((bytes, at) => {
    for (let i = at.tensors; i < at.tensors + 4096; i += 4) bytes.subarray(i, i + 4).reverse();
  }), InexactError));

  // Two tokens in each other's place, or whatever else the bytes are now: no reason to guess.
  test('with another vocabulary is refused', refused(sealed((bytes, at) => {
    bytes[at.tokenizer + 3000] ^= 1;
  }), LlmzipError));

  test('that a file asks for is missed', async () => {
    const llmzip = await load();
    const asking = fileOf('tests/files/unsupported-settings-model.llmz');
    await assert.rejects(llmzip.decompress(asking), (error) => error instanceof MissingModelError && error.identity === '11'.repeat(32));
  });
});
