// Measures in headless Chromium: `node web/test/bench.js FILE [BYTES [LEVELS [MODULES]]]`, as js/bench.js does in Node.
// CHROMIUM names the browser, TOOLS the folder of playwright-core (scripts/browser.sh finds both).

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { inPage } from './browser.js';

const [path, bytes = '100000', levels = '1 2 5 7', makes = 'simd128 plain'] = process.argv.slice(2);
const text = readFileSync(path).subarray(0, Number(bytes));
const options = { levels: levels.split(' ').map(Number), makes: makes.split(' ') };

await inPage(async (page, browser) => {
  console.log(
    `${path}, ${text.length} bytes; ${cpus()[0].model}, ${availableParallelism()} cores, Chromium ${browser.version()}`,
  );
  await page.exposeFunction('tell', (line) => console.log(line));
  await page.exposeFunction('load', () => loadavg()[0]);
  await page.evaluate(
    async ({ base64, options }) => {
      const { speeds } = await import('/js/speed.js');
      const text = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      await speeds(text, options, { spent: null, load: window.load, tell: window.tell });
    },
    { base64: text.toString('base64'), options },
  );
});
