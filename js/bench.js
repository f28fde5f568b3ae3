// Measures in Node: `node js/bench.js FILE [BYTES [LEVELS [MODULES]]]` prints KB/s in and out of each module at each level.
//
// Beside the time on the wall stands that of the processor, which says more where others work too. web/test/bench.js does the
// same in Chromium.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { speeds } from './speed.js';

const [path, bytes = '100000', levels = '1 2 5 7', makes = 'simd128 plain'] = process.argv.slice(2);
const text = new Uint8Array(readFileSync(path)).subarray(0, Number(bytes));

const spent = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

console.log(`${path}, ${text.length} bytes; ${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
const options = { levels: levels.split(' ').map(Number), makes: makes.split(' ') };
await speeds(text, options, { spent, load: () => loadavg()[0], tell: console.log });
