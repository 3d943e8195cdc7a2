#!/usr/bin/env node
/**
 * What `npm run <name>` calls. Plain JavaScript, so that any Node.js from 18 on can start it: it installs the dependencies where they
 * are missing or older than the lockfile, and goes on with the Node.js that came with them.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const bin = join(modules, '.bin');
const stamp = join(modules, '.nodetask-install');

const [command = '', ...rest] = process.argv.slice(2);

const lockfileHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

/** Runs a program to its end and passes signals on; resolves with its exit code. */
const run = (program, args, env = process.env) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });

const install = async () => {
  const wanted = lockfileHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing the dependencies of the lockfile (npm ci, about 20 s) …\n');
  const code = await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (code !== 0) throw new Error(`npm ci ended with exit code ${code}; read its message above.`);
  writeFileSync(stamp, wanted);
};

/** The Node.js of the lockfile, or this one where it is new enough (machines for which the lockfile has none). */
const nodePath = () => {
  const installed = join(bin, 'node');
  if (existsSync(installed)) return installed;
  if (Number(process.versions.node.split('.')[0]) >= 26) return process.execPath;
  throw new Error(
    `NodeTask needs Node.js 26 or newer. The lockfile has it for Linux on x64 and arm64; on ${process.platform}-${process.arch} install it yourself (this is ${process.version}).`,
  );
};

try {
  await install();
  const node = nodePath();
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, NODETASK_ROOT: root };
  process.exitCode = await run(
    node,
    ['--conditions=nodetask-source', join(root, 'scripts', 'commands.ts'), command, ...rest],
    env,
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
