// The program, for tests: LLMZIP names it; target/release/llmzip if it is there.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from './common.js';

const program = process.env.LLMZIP ?? join(root, 'target/release/llmzip');

/** Why there are no tests with it, if so. */
export const skip = existsSync(program) ? false : `${program} is not there`;

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function run(args, name, bytes) {
  const folder = mkdtempSync(join(tmpdir(), 'llmzip-js-'));
  try {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return execFileSync(program, [...args, file], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the program makes of bytes. */
export const compressed = (level, bytes) => run([`-${level}`, '-q', '-c'], 'in', bytes);

export const decompressed = (bytes) => run(['-d', '-q', '-c'], 'in.llmz', bytes);

/** Version, and the identity of the builtin, which covers its weights, its vocabulary and what the mixer begins with. */
export function identity() {
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  const models = JSON.parse(execFileSync(program, ['models', 'list', '--json'], { encoding: 'utf8' }));
  return { version, model: models.find(({ name }) => name === 'builtin').identity };
}
