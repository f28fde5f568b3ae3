// Headless Chromium on the files of the repository: what CHROMIUM names, by the playwright-core in TOOLS (scripts/browser.sh).

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** A server of the files of a folder, and its address. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://here').pathname.replace(/\/$/, '/index.html');
    try {
      const bytes = readFileSync(join(folder, path));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(bytes);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${server.address().port}/` };
}

export function launch() {
  const { chromium } = createRequire(join(process.env.TOOLS, 'package.json'))('playwright-core');
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
}

/** Does work in an empty page that may load the repository's files. */
export async function inPage(work) {
  const { server, address } = await serve(root);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`${address}js/test/empty.html`);
    return await work(page, browser);
  } finally {
    await browser.close();
    server.close();
  }
}
