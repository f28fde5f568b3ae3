// The program and the package, each with the files of the other. LLMZIP is the program; target/release/llmzip if it is there.
// LLMZIP_SAMPLE_BYTES makes the sample shorter: of 50,000 bytes the module without simd128 takes four minutes a level.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { hasSimd128, load } from '../src/index.js';
import { numbers, root } from './common.js';

const program = process.env.LLMZIP ?? join(root, 'target/release/llmzip');
const skip = existsSync(program) ? false : `${program} is not there`;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const report = { node: process.version, program: {}, wasm: {} };

/** What the program makes of bytes. */
function run(args, bytes) {
  const folder = mkdtempSync(join(tmpdir(), 'llmzip-js-'));
  try {
    const file = join(folder, 'in');
    writeFileSync(file, bytes);
    return execFileSync(program, [...args, '-q', '-c', file], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sampleBytes = Number(process.env.LLMZIP_SAMPLE_BYTES ?? 50_000);

/** So many bytes of the corpus that is in the repository: prose, code and tables. */
function sample() {
  const files = ['text', 'code', 'csv', 'json'].flatMap((kind) => {
    const folder = join(root, 'corpus', kind);
    return readdirSync(folder).sort().map((name) => readFileSync(join(folder, name)));
  });
  const all = Buffer.concat(files);
  assert.ok(all.length >= sampleBytes && sampleBytes > 0);
  return new Uint8Array(all.subarray(0, sampleBytes));
}

describe('program and package', { skip }, () => {
  // What the program makes is the same for both modules.
  const made = new Map();
  const byProgram = (level, bytes) => {
    const key = `${level} ${sha256(bytes)}`;
    if (!made.has(key)) made.set(key, run([`-${level}`], bytes));
    return made.get(key);
  };
  for (const simd of hasSimd128() ? [true, false] : [false]) {
    const name = simd ? 'simd128' : 'plain';
    report.wasm[name] = {};
    test(`${name}: the numbers from 1 to 1000, both ways`, async () => {
      const llmzip = await load({ simd });
      const ours = await llmzip.compress(numbers());
      const theirs = byProgram(5, numbers());
      assert.ok(theirs.equals(ours), 'equal files');
      assert.ok(Buffer.from(numbers()).equals(await llmzip.decompress(new Uint8Array(theirs))));
      assert.ok(run(['-d'], ours).equals(numbers()));
      report.model = await llmzip.modelId();
      report.program.numbers = sha256(theirs);
      report.wasm[name].numbers = sha256(ours);
    });
    for (const level of [1, 2, 5, 7]) {
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
