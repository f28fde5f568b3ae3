// What benches measure, in Node and in a page: KB/s in and out of each module at each level, and of workers side by side.

import { hasSimd128, load, LlmzipWorker } from './src/index.js';

/** Code is compiled well, and the model loaded, after some kilobytes. */
const WARM_BYTES = 5000;

const rate = (seconds, length) => (length / 1000 / seconds).toFixed(2).padStart(9);

/**
 * Tells a line at a time. `spent` gives the seconds of the processor until now, or is null where nobody says; `load` what
 * else the machine does.
 */
export async function speeds(text, { levels, makes }, { spent, load: loadNow, tell }) {
  const timed = async (work) => {
    const [began, before] = [performance.now(), spent?.() ?? 0];
    const result = await work();
    return [result, (performance.now() - began) / 1000, (spent?.() ?? 0) - before];
  };
  tell(`                           KB/s of time${spent ? '      of processor' : ''}`);
  tell(`module    level    bytes       in      out${spent ? '       in      out' : ''}   load`);
  for (const make of makes) {
    const simd = make === 'simd128';
    if (simd && !hasSimd128()) continue;
    const llmzip = await load({ simd });
    for (const level of levels) {
      // What happens once is not part of a byte's time.
      await llmzip.decompress(await llmzip.compress(text.subarray(0, WARM_BYTES), { level }));
      const [packed, ...there] = await timed(() => llmzip.compress(text, { level }));
      const [plain, ...back] = await timed(() => llmzip.decompress(packed));
      if (plain.length !== text.length || !plain.every((byte, i) => byte === text[i])) {
        throw new Error('other bytes came back');
      }
      const seconds = [there[0], back[0], ...(spent ? [there[1], back[1]] : [])];
      const rates = seconds.map((part) => rate(part, text.length)).join('');
      const bytes = String(packed.length).padStart(8);
      tell(`${make.padEnd(9)} ${level}     ${bytes}${rates} ${(await loadNow()).toFixed(1).padStart(6)}`);
    }
  }
  for (const n of [1, 2]) {
    const workers = Array.from({ length: n }, () => new LlmzipWorker());
    await Promise.all(workers.map((worker) => worker.compress(text.subarray(0, WARM_BYTES))));
    const [packed, there] = await timed(() => Promise.all(workers.map((worker) => worker.compress(text))));
    const [, back] = await timed(() => Promise.all(workers.map((worker, i) => worker.decompress(packed[i]))));
    const rates = [there, back].map((seconds) => rate(seconds, text.length).trim()).join(' in and ');
    const load = (await loadNow()).toFixed(1);
    tell(`${n} worker${n > 1 ? 's' : ''}, an input each, level 5: ${rates} KB/s out in each; load ${load}`);
    for (const worker of workers) worker.close();
  }
}
