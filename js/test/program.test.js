// The program and the package, each with the files of the other. LLMZIP is the program; target/release/llmzip if it is there.
// LLMZIP_SAMPLE_BYTES makes the sample shorter, and 0 leaves it out: of 50,000 bytes the module without simd128 takes four minutes
// a level.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { hasSimd128, load } from '../src/index.js';
import { numbers, root } from './common.js';
import { compressed, decompressed, identity, sha256, skip } from './program.js';

const report = { node: process.version, program: {}, wasm: {} };

const sampleBytes = Number(process.env.LLMZIP_SAMPLE_BYTES ?? 50_000);

/** So many bytes of the corpus that is in the repository: prose, code and tables. */
function sample() {
  const files = ['text', 'code', 'csv', 'json'].flatMap((kind) => {
    const folder = join(root, 'corpus', kind);
    return readdirSync(folder).sort().map((name) => readFileSync(join(folder, name)));
  });
  const all = Buffer.concat(files);
  assert.ok(all.length >= sampleBytes);
  return new Uint8Array(all.subarray(0, sampleBytes));
}

describe('program and package', { skip }, () => {
  // What the program makes is the same for both modules.
  const made = new Map();
  const byProgram = (level, bytes) => {
    const key = `${level} ${sha256(bytes)}`;
    if (!made.has(key)) made.set(key, compressed(level, bytes));
    return made.get(key);
  };
  for (const simd of hasSimd128() ? [true, false] : [false]) {
    const name = simd ? 'simd128' : 'plain';
    report.wasm[name] = {};
    test(`${name}: the same model, with the same vocabulary and the same numbers`, async () => {
      const llmzip = await load({ simd });
      Object.assign(report.program, identity());
      report.wasm[name].model = await llmzip.modelId();
      report.wasm[name].knownAnswer = await llmzip.knownAnswer();
      assert.equal(report.wasm[name].model, report.program.model);
    });
    test(`${name}: the numbers from 1 to 1000, both ways`, async () => {
      const llmzip = await load({ simd });
      const ours = await llmzip.compress(numbers());
      const theirs = byProgram(5, numbers());
      assert.ok(theirs.equals(ours), 'equal files');
      assert.ok(Buffer.from(numbers()).equals(await llmzip.decompress(new Uint8Array(theirs))));
      assert.ok(decompressed(ours).equals(numbers()));
      report.original = sha256(numbers());
      report.program.numbers = sha256(theirs);
      report.wasm[name].numbers = sha256(ours);
    });
    for (const level of sampleBytes > 0 ? [1, 2, 5, 7] : []) {
      test(`${name}: ${sampleBytes} bytes at -${level}, both ways`, async () => {
        const llmzip = await load({ simd });
        const ours = await llmzip.compress(sample(), { level });
        const theirs = byProgram(level, sample());
        assert.equal(sha256(ours), sha256(theirs));
        assert.ok(Buffer.from(sample()).equals(await llmzip.decompress(new Uint8Array(theirs))));
        report.program[`${sampleBytes} bytes at -${level}`] = sha256(theirs);
        report.wasm[name][`${sampleBytes} bytes at -${level}`] = sha256(ours);
      });
    }
  }
  after(() => {
    mkdirSync(join(root, 'target'), { recursive: true });
    writeFileSync(join(root, 'target/wasm-report.json'), `${JSON.stringify(report, null, 2)}\n`);
  });
});
