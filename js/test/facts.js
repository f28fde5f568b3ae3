// What the package makes of the golden files and of a sample, a fact a line, as tests/portable prints them of Rust. For Node
// and for a page: `fileOf` gives the bytes of a file of the repository, `tell` takes a name and a value.

import { equal, goodFiles, hexOf, refusedFiles, sample, says } from './originals.js';

const LEVELS = [1, 2, 5, 7];

export async function sha256(bytes) {
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

export async function facts(llmzip, fileOf, { bytes, isShort }, tell) {
  const isa = await llmzip.isa;
  tell('isa', isa === 'simd128' && (await llmzip.selfCheck()) ? 'differs from plain code' : isa);
  const all = await goodFiles(fileOf);
  const good = all.filter(({ isSlow }) => !(isShort && isSlow));
  const readme = new TextDecoder().decode(await fileOf('tests/files/README.md'));
  const refused = refusedFiles(readme);
  tell('read', await read(llmzip, fileOf, good, refused, all.length + refused.length));
  // Some have parameters that JavaScript has no option for.
  tell('written', await written(llmzip, fileOf, good.filter(({ make }) => make), all.length));
  tell('model', await llmzip.modelId());
  tell('known answer', await llmzip.knownAnswer());
  const plain = await sample(fileOf, bytes);
  for (const level of LEVELS) {
    tell(`-${level}`, await llmzip.compress(plain, { level }).then(sha256, (error) => error.message));
  }
  tell('threads', 'has none');
}

const golden = (fileOf, name) => fileOf(`tests/files/${name}.llmz`);

async function read(llmzip, fileOf, good, refused, of) {
  for (const { name, plain } of good) {
    const back = await llmzip.decompress(await golden(fileOf, name)).catch((error) => error);
    if (!(back instanceof Uint8Array)) return `${name}: ${back.message}`;
    if (!equal(back, plain)) return `${name}: other bytes`;
  }
  for (const { name, message } of refused) {
    const error = await llmzip.decompress(await golden(fileOf, name)).then(() => null, (error) => error);
    if (!error) return `${name}: was read`;
    if (!says(error.message, message)) return `${name}: ${error.message}`;
  }
  return `${good.length + refused.length} of ${of}`;
}

async function written(llmzip, fileOf, good, of) {
  for (const { name, plain, make } of good) {
    const made = await make((...args) => llmzip.compress(...args), plain);
    if (!equal(made, await golden(fileOf, name))) return `${name}: other bytes`;
  }
  return `${good.length} of ${of}`;
}
