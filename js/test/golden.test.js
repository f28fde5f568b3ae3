// The golden files of the library, read and written again by both modules, and the kernels against plain code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { hasSimd128, load } from '../src/index.js';
import { bytesOf, fileOf, lighthouse, noise, repeated } from './common.js';

const message = bytesOf('Running 10 minutes late, see you at the station.');
const squares = new Uint8Array(
  // As `i * i / 7` of 32 bits; 4,000 squared fits.
  Uint32Array.from({ length: 4000 }, (_, i) => Math.floor((i * i) / 7)).buffer,
);
const letters = noise(50_000).map((byte) => 32 + (byte % 64));

/** Name, original and options, as in tests/golden.rs. */
const GOOD = [
  ['empty', new Uint8Array(0), {}],
  ['message', message, {}],
  ['text-light', lighthouse(), { level: 1 }],
  ['text-mixer', lighthouse(), { level: 2 }],
  ['text-default', lighthouse(), {}],
  ['text-full', lighthouse(), { level: 7 }],
  ['text-lanes', lighthouse(), { lanes: 3, window: 100 }],
  ['text-groups', lighthouse(), { groupBytes: 2048, fullHashes: true }],
  ['numbers', squares, {}],
  ['copies', repeated(lighthouse(), 3), {}],
  ['checkpoint', letters, { level: 1 }],
  ['zeros', new Uint8Array(100_000), {}],
];

for (const simd of hasSimd128() ? [true, false] : [false]) {
  describe(simd ? 'simd128' : 'plain', async () => {
    const llmzip = await load({ simd });
    assert.equal(llmzip.isa, simd ? 'simd128' : 'scalar');

    test('the kernels equal plain code', async () => {
      assert.equal(await llmzip.selfCheck(), null);
    });

    for (const [name, plain, options] of GOOD) {
      test(`good-${name} is read and written as ever`, async () => {
        const golden = fileOf(`tests/files/good-${name}.llmz`);
        assert.ok(Buffer.from(plain).equals(await llmzip.decompress(golden)), 'read differently');
        assert.ok(Buffer.from(golden).equals(await llmzip.compress(plain, options)), 'written differently');
      });
    }
  });
}
