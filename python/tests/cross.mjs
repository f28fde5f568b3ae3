// What test_cross.py asks of the JavaScript package: files of a folder, compressed and decompressed, and a report.
//
//     node cross.mjs PACKAGE compress|decompress FROM TO

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [at, what, from, to] = process.argv.slice(2);
const { load, hasSimd128 } = await import(pathToFileURL(join(at, 'src/index.js')));
const llmzip = await load();
mkdirSync(to, { recursive: true });
const errors = {};
for (const name of readdirSync(from).sort()) {
  try {
    const bytes = new Uint8Array(readFileSync(join(from, name)));
    writeFileSync(join(to, name), await llmzip[what](bytes));
  } catch (error) {
    errors[name] = { kind: error.kind, message: error.message };
  }
}
console.log(JSON.stringify({ node: process.version, simd128: hasSimd128(), model: await llmzip.modelId(), errors }));
