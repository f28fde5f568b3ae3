// The page: what is dropped or pasted goes through a worker, and its result is shown, compared and saved.

import { LlmzipWorker } from './llmzip/src/index.js';

/** What is coloured at most: each token is an element. */
const COLOURED_BYTES = 20_000;

/** The least bits of each colour but the first. */
const COLOURS = [2, 5, 9];

const $ = (id) => document.getElementById(id);
const worker = new LlmzipWorker();
let file = null;
let running = null;

/** The bytes to work on, and what their file is called. */
async function given() {
  if (file) return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name };
  return { bytes: new TextEncoder().encode($('text').value), name: 'text.txt' };
}

function show(message, error = '') {
  $('status').textContent = message;
  $('error').textContent = error;
}

function busy(is) {
  for (const id of ['compress', 'decompress', 'level', 'file', 'text']) $(id).disabled = is;
  $('cancel').disabled = !is;
  $('progress').hidden = !is;
  $('progress').value = 0;
}

/** Does one thing at a time, and says how it went. */
async function during(message, work) {
  if (running) return;
  running = new AbortController();
  const { signal } = running;
  busy(true);
  $('result').hidden = true;
  show(message);
  try {
    await work(signal);
  } catch (error) {
    show('', signal.aborted ? 'Cancelled.' : `${file?.name ?? 'text'}: ${error.message}`);
  } finally {
    running = null;
    busy(false);
  }
}

async function timed(work) {
  const began = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - began) / 1000 };
}

/** What the browser's own compressor makes of bytes, if it has it. */
async function peer(format, bytes) {
  let stream;
  try {
    stream = new CompressionStream(format);
  } catch {
    return null;
  }
  return timed(() => new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

function row(name, length, plain, seconds) {
  const tr = $('table').tBodies[0].insertRow();
  const cells = [
    name,
    length.toLocaleString('en'),
    length === 0 ? '' : (plain / length).toFixed(2),
    plain === 0 ? '' : ((8 * length) / plain).toFixed(3),
    (plain / 1000 / seconds).toFixed(1),
  ];
  for (const cell of cells) tr.insertCell().textContent = cell;
}

function offer(bytes, name) {
  const save = $('save');
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([bytes]));
  save.download = name;
  save.textContent = `Save ${name}`;
  $('table').tBodies[0].replaceChildren();
  $('surprise').hidden = true;
}

async function colour(bytes, signal) {
  const part = bytes.subarray(0, COLOURED_BYTES);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(part, { stream: true });
  } catch {
    return; // no text
  }
  const { lengths, bits } = await worker.bitsPerToken(part);
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  let at = 0;
  const spans = Array.from(lengths, (length, i) => {
    const span = document.createElement('span');
    // Letters may be cut between tokens: they appear with their last byte.
    span.textContent = decoder.decode(part.subarray(at, at + length), { stream: true });
    at += length;
    span.dataset.bits = COLOURS.filter((least) => bits[i] >= least).length;
    span.title = `${bits[i].toFixed(1)} bits`;
    return span;
  });
  $('colours').replaceChildren(...spans);
  $('surprise').hidden = false;
}

function watch(signal, total, part) {
  const onProgress = (progress) => {
    $('progress').value = total === 0 ? 1 : progress[part] / total;
  };
  return { signal, onProgress };
}

function compress() {
  return during('Compressing ...', async (signal) => {
    const { bytes, name } = await given();
    const level = Number($('level').value);
    const options = { level, ...watch(signal, bytes.length, 'plainBytes') };
    const { result, seconds } = await timed(() => worker.compress(bytes, options));
    offer(result, `${name}.llmz`);
    row(`llmzip -${level}`, result.length, bytes.length, seconds);
    for (const format of ['gzip', 'zstd']) {
      const made = await peer(format, bytes);
      if (made) row(format, made.result.byteLength, bytes.length, made.seconds);
    }
    $('result').hidden = false;
    show(`${bytes.length.toLocaleString('en')} bytes became ${result.length.toLocaleString('en')}.`);
    if (level >= 5 && bytes.length > 0) await colour(bytes, signal);
  });
}

function decompress() {
  return during('Decompressing ...', async (signal) => {
    const { bytes, name } = await given();
    const frames = await worker.info(bytes);
    const total = frames.reduce((sum, frame) => sum + frame.plain_bytes, 0);
    const { result, seconds } = await timed(() =>
      worker.decompress(bytes, watch(signal, total, 'plainBytes')),
    );
    offer(result, name.endsWith('.llmz') ? name.slice(0, -'.llmz'.length) : `${name}.out`);
    row('llmzip', bytes.length, result.length, seconds);
    $('result').hidden = false;
    show(`${bytes.length.toLocaleString('en')} bytes became ${result.length.toLocaleString('en')}.`);
  });
}

function take(chosen) {
  file = chosen ?? null;
  show(file ? `${file.name}: ${file.size.toLocaleString('en')} bytes` : '');
}

$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  compress();
});
$('decompress').addEventListener('click', decompress);
$('cancel').addEventListener('click', () => running?.abort());
$('file').addEventListener('change', () => take($('file').files[0]));
$('text').addEventListener('input', () => {
  $('file').value = '';
  take(null);
});
const drop = document.body;
drop.addEventListener('dragover', (event) => {
  event.preventDefault();
  $('drop').classList.add('over');
});
drop.addEventListener('dragleave', () => $('drop').classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  $('drop').classList.remove('over');
  if (!running) take(event.dataTransfer.files[0]);
});

// The model is there when it is wanted; what is wrong with that is said then.
worker.modelId().catch(() => {});

// After the first visit all of it is here. Without it (no https), the page works as long as there is a network.
navigator.serviceWorker?.register('sw.js').catch(() => {});
