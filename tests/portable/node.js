// Prints what the package makes of the golden files and of a sample in Node: `node node.js plain|simd128 [short]`.

import { readFile } from 'node:fs/promises';

import { load } from '../../js/src/index.js';
import { facts } from '../../js/test/facts.js';

const [make, short] = process.argv.slice(2);
const fileOf = async (path) => new Uint8Array(await readFile(new URL(`../../${path}`, import.meta.url)));
const options = { bytes: Number(process.env.LLMZIP_SAMPLE_BYTES), isShort: short === 'short' };
const llmzip = await load({ simd: make === 'simd128' });
await facts(llmzip, fileOf, options, (name, value) => console.log(`${name}\t${value}`));
