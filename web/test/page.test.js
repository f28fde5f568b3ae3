// The page in Chromium, headless: both directions, errors, cancelling, keyboard, offline. scripts/test_web.sh runs it, which
// says in CHROMIUM what the browser is, and in TOOLS where playwright-core is.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { compressed, decompressed, identity, skip } from '../../js/test/program.js';
import { launch, root, serve } from './browser.js';

const golden = (name) => readFileSync(join(root, 'tests/files', name));
const lighthouse = readFileSync(join(root, 'corpus/text/lighthouse.txt'), 'utf8');
const numbers = Array.from({ length: 1000 }, (_, i) => `${i + 1}\n`).join('');

let server;
let address;
let browser;

before(async () => {
  ({ server, address } = await serve(join(root, 'target/web')));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function open(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error));
  await page.goto(address);
  return { context, page, errors };
}

/** The bytes behind the link that saves. */
async function saved(page) {
  const numbers = await page.evaluate(async () => {
    const response = await fetch(document.getElementById('save').href);
    return Array.from(new Uint8Array(await response.arrayBuffer()));
  });
  return Buffer.from(numbers);
}

const done = (page) => page.waitForFunction(() => document.getElementById('cancel').disabled);

async function screenshot(page, name) {
  await page.screenshot({ path: join(root, `target/web-${name}.png`), fullPage: true });
}

test('a text becomes the bytes that the program makes, with the keyboard alone', async () => {
  const opened = performance.now();
  const { context, page, errors } = await open();
  await page.focus('#text');
  await page.keyboard.insertText(lighthouse);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'compress');
  const began = performance.now();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#result:not([hidden])');
  const [since, sinceOpened] = [began, opened].map((then) => ((performance.now() - then) / 1000).toFixed(2));
  console.log(`first result after ${since} s, ${sinceOpened} s after the page was asked for`);
  await done(page);
  assert.ok((await saved(page)).equals(golden('good-text-default.llmz')));
  assert.match(await page.textContent('#status'), /4,245 bytes became 805/);
  assert.equal(await page.textContent('#colours'), lighthouse);
  assert.ok((await page.locator('#table tbody tr').count()) >= 2);
  await screenshot(page, 'desktop');
  await page.emulateMedia({ colorScheme: 'dark' });
  await screenshot(page, 'desktop-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 740 });
  await screenshot(page, 'phone');
  assert.deepEqual(errors, []);
  await context.close();
});

test('files of the program are opened, on a phone in the dark', async () => {
  const phone = { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true };
  const { context, page, errors } = await open(phone);
  const name = 'good-text-groups.llmz';
  await page.setInputFiles('#file', { name, mimeType: '', buffer: golden(name) });
  await page.click('#decompress');
  await page.waitForSelector('#result:not([hidden])');
  assert.equal((await saved(page)).toString(), lighthouse);
  assert.equal(await page.getAttribute('#save', 'download'), 'good-text-groups');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  await screenshot(page, 'phone-dark');
  assert.deepEqual(errors, []);
  await context.close();
});

test('a damaged file says what and where', async () => {
  const { context, page } = await open();
  const buffer = golden('good-text-groups.llmz');
  buffer[buffer.length >> 1] ^= 0xff;
  await page.setInputFiles('#file', { name: 'damaged.llmz', mimeType: '', buffer });
  await page.click('#decompress');
  await page.waitForSelector('#error:not(:empty)');
  assert.match(await page.textContent('#error'), /^damaged\.llmz: damaged: .*group \d.*bytes \d+\.\.\d+/);
  await page.setInputFiles('#file', { name: 'other.zip', mimeType: '', buffer: Buffer.from('PK\x03\x04') });
  await page.click('#decompress');
  await page.waitForFunction(() => /not an llmzip file/.test(document.getElementById('error').textContent));
  await context.close();
});

test('cancelling ends the work, and the next works', async () => {
  const { context, page } = await open();
  await page.setInputFiles('#file', { name: 'long.txt', mimeType: '', buffer: Buffer.from(lighthouse.repeat(3)).map((byte, i) => (i % 11 ? byte : 48 + (i % 10))) });
  await page.selectOption('#level', '7');
  await page.click('#compress');
  await page.click('#cancel');
  await page.waitForFunction(() => document.getElementById('error').textContent === 'Cancelled.');
  await page.fill('#text', 'next');
  await page.click('#compress');
  await page.waitForSelector('#result:not([hidden])');
  assert.match(await page.textContent('#status'), /^4 bytes became/);
  await context.close();
});

test('after the first visit there is no need of a network, and the numbers come back', async () => {
  const { context, page } = await open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await page.fill('#text', numbers);
  await page.click('#compress');
  await page.waitForSelector('#result:not([hidden])');
  await done(page);
  const packed = await saved(page);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const model = await page.evaluate(async () => {
    const { LlmzipWorker } = await import('./llmzip/src/index.js');
    return new LlmzipWorker().modelId();
  });
  const report = { browser: browser.version(), model, numbers: sha256 };
  if (!skip) {
    // The program's file is the page's file, and it reads what the page has made.
    report.program = identity();
    assert.equal(model, report.program.model);
    assert.ok(compressed(5, Buffer.from(numbers)).equals(packed));
    assert.equal(decompressed(packed).toString(), numbers);
  }
  writeFileSync(join(root, 'target/web-report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await page.setInputFiles('#file', { name: 'numbers.llmz', mimeType: '', buffer: packed });
  await page.click('#decompress');
  await page.waitForSelector('#result:not([hidden])');
  assert.equal((await saved(page)).toString(), numbers);
  await context.close();
});
