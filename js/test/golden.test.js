// The golden files of the library, read and written again or refused by both modules, and the kernels against plain code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { hasSimd128, load } from '../src/index.js';
import { fileOf, textOf } from './common.js';
import { equal, goodFiles, goodNames, refusedFiles, says } from './originals.js';

const good = await goodFiles(fileOf);
const readme = textOf(fileOf('tests/files/README.md'));
const refused = refusedFiles(readme);

test('the list here is the one of the library', () => {
  assert.deepEqual(good.map(({ name }) => name), goodNames(readme));
});

for (const simd of hasSimd128() ? [true, false] : [false]) {
  describe(simd ? 'simd128' : 'plain', async () => {
    const llmzip = await load({ simd });
    assert.equal(llmzip.isa, simd ? 'simd128' : 'scalar');

    test('the kernels equal plain code', async () => {
      assert.equal(await llmzip.selfCheck(), null);
    });

    // What takes plain code a minute is left to scripts/portable.sh.
    for (const { name, plain, make } of good.filter(({ isSlow }) => simd || !isSlow)) {
      test(`${name} is read and written as ever`, async () => {
        const golden = fileOf(`tests/files/${name}.llmz`);
        assert.ok(equal(plain, await llmzip.decompress(golden)), 'read differently');
        if (!make) return;
        const made = await make((...args) => llmzip.compress(...args), plain);
        assert.ok(equal(golden, made), 'written differently');
      });
    }

    for (const { name, message } of refused) {
      test(`${name} is refused in the library's words`, async () => {
        await assert.rejects(llmzip.decompress(fileOf(`tests/files/${name}.llmz`)), (error) => says(error.message, message));
      });
    }
  });
}
