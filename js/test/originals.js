// The originals of the golden files and the options that make them, as in tests/golden/good.rs; in Node and in a page.

export const bytesOf = (text) => new TextEncoder().encode(text);

/** Bytes of which nothing is known, as the tests of the library make them. */
export function noise(length) {
  let state = 1n;
  return Uint8Array.from({ length }, () => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1n);
    return Number(state >> 56n);
  });
}

export function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const repeated = (bytes, n) => joined(Array.from({ length: n }, () => bytes));

export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The files that hold thousands of bytes for the model, or tens of thousands for the mixer: plain code takes a while for them. */
const SLOW = [
  'transformed-parts', 'transformed-groups', 'text-default', 'text-full', 'text-lanes', 'text-groups', 'numbers', 'copies', 'checkpoint',
  'mixture-mixer', 'mixture-default', 'mixture-full',
];

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Text with hexadecimal digits in lines, escapes and a deflate stream. */
function clothed(text, stream) {
  const lines = hexOf(text.subarray(0, 600)).match(/.{1,60}/g).map((line) => `${line}\n`);
  const escapes = '{"name": "\\u00fcber \\u00e4\\u00f6", "url": "%22a%2Cb%22%20%3D%20%28c%29"}'.repeat(4);
  const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
  return joined([bytesOf(lines.join('') + escapes), head, stream, Uint8Array.of(1, 2, 3, 4)]);
}

/** ASCII85 in one line, with `z` for four zeros. */
function ascii85(bytes) {
  const group = (at) => {
    const four = bytes.subarray(at, at + 4);
    const number = [0, 1, 2, 3].reduce((sum, i) => sum * 256 + (four[i] ?? 0), 0);
    if (four.length === 4 && number === 0) return 'z';
    const digits = [85 ** 4, 85 ** 3, 85 ** 2, 85, 1].map((unit) => 33 + (Math.floor(number / unit) % 85));
    return String.fromCharCode(...digits.slice(0, four.length + 1));
  };
  return Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) => group(4 * i)).join('');
}

/** A stream of a PDF file: deflate in ASCII85. */
function paper(stream) {
  const zlib = joined([Uint8Array.of(0x78, 0x9c), stream, Uint8Array.of(1, 2, 3, 4)]);
  return bytesOf(`<< /Filter [ /ASCII85Decode /FlateDecode ] >>\nstream\n${ascii85(zlib)}~>endstream\n`);
}

/**
 * The good files: name, original, and what makes the file again, with `compress` of the package; `make` null where options are
 * missing that only Rust has.
 *
 * `fileOf` gives the bytes of a file of the repository.
 */
export async function goodFiles(fileOf) {
  const message = bytesOf('Running 10 minutes late, see you at the station.');
  const text = await fileOf('corpus/text/lighthouse.txt');
  const squares = new Uint8Array(
    // As `i * i / 7` of 32 bits; 4,000 squared fits.
    Uint32Array.from({ length: 4000 }, (_, i) => Math.floor((i * i) / 7)).buffer,
  );
  const letters = noise(50_000).map((byte) => 32 + (byte % 64));
  const parts = ['text/lighthouse.txt', 'text/tides.md', 'code/intervals.rs', 'csv/sales.csv'];
  const mixture = joined(await Promise.all(parts.map((part) => fileOf(`corpus/${part}`)))).subarray(0, 17_000);
  const methods = joined([
    noise(1024), squares.subarray(0, 1024), new Uint8Array(1024).fill(7), text.subarray(0, 1724),
  ]);
  const deflated = (name) => fileOf(`src/transform/deflate/samples/${name}.deflate`);
  const wide = joined(Array.from(message, (byte) => Uint8Array.of(byte, 0)));
  const clothes = clothed(text, await deflated('libdeflate-12'));
  const by = (options) => (compress, plain) => compress(plain, options);
  const inGroups = (groupBytes, level = 5) => ({ level, groupBytes, fullHashes: true });
  const twoFrames = async (compress) =>
    joined([await compress(message, {}), await compress(text.subarray(0, 1500), inGroups(1024, 2))]);
  const padded = async (compress, plain) => joined([await compress(plain, { level: 2 }), new Uint8Array(512)]);
  const whole = (options) => by({ ...options, fullHashes: true });
  return [
    ['transformed-whole', wide, by({})],
    ['transformed-parts', clothes, by({ level: 1 })],
    ['transformed-groups', clothes, by(inGroups(2048))],
    ['transformed-ascii85', paper(await deflated('zlib-6')), by({ level: 1 })],
    ['empty', new Uint8Array(0), by({})],
    ['empty-long', new Uint8Array(0), whole({})],
    ['noise', noise(100), by({})],
    ['run', new Uint8Array(1000), by({})],
    ['message', message, by({})],
    ['text-light', text, by({ level: 1 })],
    ['text-mixer', text, by({ level: 2 })],
    ['text-default', text, by({})],
    ['text-full', text, by({ level: 7 })],
    ['text-lanes', text, by({ lanes: 3, window: 100 })],
    ['text-hop', text.subarray(0, 1000), null],
    ['text-groups', text, by(inGroups(2048))],
    ['all-methods', methods, by(inGroups(1024))],
    ['two-frames', joined([message, text.subarray(0, 1500)]), twoFrames],
    ['padded', text.subarray(0, 500), padded],
    ['numbers', squares, by({})],
    ['copies', repeated(text, 3), by({})],
    ['checkpoint', letters, by({ level: 1 })],
    ['zeros', new Uint8Array(100_000), by({})],
    ['pieces', noise(131_100), by({ level: 1 })],
    ['mixture-light', mixture, whole({ level: 1 })],
    ['mixture-mixer', mixture, whole({ level: 2 })],
    ['mixture-default', mixture, whole({})],
    ['mixture-full', mixture, whole({ level: 7, lanes: 1 })],
  ].map(([name, plain, make]) => ({ name: `good-${name}`, plain, make, isSlow: SLOW.includes(name) }));
}

/** Names of the files that are read, by the table of tests/files/README.md. */
export const goodNames = (readme) => [...readme.matchAll(/^\| (good-\S+) \| /gm)].map(([, name]) => name);

/** Names and messages of the files that are refused, by the same table. */
export function refusedFiles(readme) {
  const rows = readme.split('\n').map((line) => line.match(/^\| ((?:bad|unsupported)-\S+) \| .* \| (.*) \|$/));
  return rows.filter(Boolean).map(([, name, message]) => ({ name, message }));
}

/** Whether a file was refused as the table says; three dots end the beginning of a message. */
export const says = (message, expected) =>
  expected.endsWith('...') ? message.startsWith(expected.slice(0, -3)) : message === expected;

/** Prose, programs and tables of the repository, over and over, as in tests/portable. */
export async function sample(fileOf, length) {
  const names = ['text/lighthouse.txt', 'code/wrap.py', 'languages/ru.txt', 'csv/weather.csv', 'json/orders.json'];
  const all = joined(await Promise.all(names.map((name) => fileOf(`corpus/${name}`))));
  return repeated(all, Math.ceil(length / all.length)).subarray(0, length);
}
