// Measures: `node js/bench.js FILE [BYTES [LEVELS [MODULES]]]` prints KB/s in and out of each module at each level.
//
// Beside the time on the wall stands that of the processor, which says more where others work too.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { hasSimd128, load, LlmzipWorker } from './src/index.js';

const [path, bytes = '100000', levels = '1 2 5 7', makes = 'simd128 plain'] = process.argv.slice(2);
const text = new Uint8Array(readFileSync(path)).subarray(0, Number(bytes));

async function timed(work) {
  const [began, spent] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(spent);
  return [result, (performance.now() - began) / 1000, (user + system) / 1e6];
}

const rate = (seconds, length = text.length) => (length / 1000 / seconds).toFixed(2).padStart(9);

console.log(`${path}, ${text.length} bytes; ${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
console.log('                           KB/s of time      of processor');
console.log('module    level    bytes       in      out       in      out   load');
for (const make of makes.split(' ')) {
  const simd = make === 'simd128';
  if (simd && !hasSimd128()) continue;
  const llmzip = await load({ simd });
  // What happens once (the model is loaded, code is compiled well) is not part of a byte's time.
  for (const level of levels.split(' ').map(Number)) {
    await llmzip.decompress(await llmzip.compress(text.subarray(0, 5000), { level }));
    const [packed, ...there] = await timed(() => llmzip.compress(text, { level }));
    const [plain, ...back] = await timed(() => llmzip.decompress(packed));
    if (!Buffer.from(plain).equals(text)) throw new Error('other bytes came back');
    const load = loadavg()[0].toFixed(1).padStart(6);
    const rates = [there[0], back[0], there[1], back[1]].map((seconds) => rate(seconds)).join('');
    console.log(`${make.padEnd(9)} ${level}     ${String(packed.length).padStart(8)}${rates} ${load}`);
  }
}

for (const n of [1, 2]) {
  const workers = Array.from({ length: n }, () => new LlmzipWorker());
  const warm = workers.map((worker) => worker.compress(text.subarray(0, 5000)));
  await Promise.all(warm);
  const [, seconds] = await timed(() => Promise.all(workers.map((worker) => worker.compress(text))));
  console.log(`${n} worker${n > 1 ? 's' : ''}, level 5: ${rate(seconds)} KB/s in each`);
  for (const worker of workers) worker.close();
}
