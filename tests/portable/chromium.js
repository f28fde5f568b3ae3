// Prints what the package makes of the golden files and of a sample in headless Chromium: `node chromium.js plain|simd128
// [short]`, with the browser in CHROMIUM and the folder of playwright-core in TOOLS (scripts/browser.sh).

import { inPage } from '../../web/test/browser.js';

const [make, short] = process.argv.slice(2);
const options = { bytes: Number(process.env.LLMZIP_SAMPLE_BYTES), isShort: short === 'short' };
await inPage(async (page) => {
  await page.exposeFunction('tell', (name, value) => console.log(`${name}\t${value}`));
  await page.evaluate(
    async ({ make, options }) => {
      const { load } = await import('/js/src/index.js');
      const { facts } = await import('/js/test/facts.js');
      const fileOf = async (path) => {
        const response = await fetch(`/${path}`);
        if (!response.ok) throw new Error(`${path}: ${response.status}`);
        return new Uint8Array(await response.arrayBuffer());
      };
      await facts(await load({ simd: make === 'simd128' }), fileOf, options, window.tell);
    },
    { make, options },
  );
});
