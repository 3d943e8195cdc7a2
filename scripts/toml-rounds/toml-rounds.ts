/**
 * `npm run toml-rounds -- FOLDER [SEED]`: tries no-ops, edits of one value, new keys, new sections, list changes and removals on every TOML file in a
 * folder, by config-patch, and has each result compared byte by byte and by Python's tomllib. The files stay as they are.
 */
import { glob } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tryFiles } from './rounds.ts';

/** More would take longer than the run may. */
const maxFiles = 2000;
const maxMinutes = 30;
const shownFailures = 50;

const [folder, seedText = '1'] = process.argv.slice(2);
const seed = Number(seedText);
if (folder === undefined || !Number.isSafeInteger(seed)) {
  throw new Error(
    'give the folder with the TOML files, and a whole number as seed if you want: npm run toml-rounds -- FOLDER [SEED]',
  );
}

const files: string[] = [];
for await (const entry of glob('**/*.toml', { cwd: folder, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  files.push(resolve(join(entry.parentPath, entry.name)));
  if (files.length > maxFiles) throw new Error(`${folder} has more than ${maxFiles} TOML files: give a smaller folder`);
}
if (files.length === 0) throw new Error(`${folder} has no TOML file: give another folder`);

const { done, failures, skipped } = await tryFiles(files.toSorted(), seed, Date.now() + maxMinutes * 60_000);
for (const why of skipped) process.stdout.write(`not tried: ${why}\n`);
for (const { file, operation, what } of failures.slice(0, shownFailures)) {
  process.stdout.write(`✘ ${file}: ${operation}: ${what}\n`);
}
if (failures.length > shownFailures) process.stdout.write(`✘ and ${failures.length - shownFailures} more\n`);
const kinds = [...done].map(([kind, count]) => `${kind} ${count}`).join(', ');
const total = [...done.values()].reduce((sum, count) => sum + count, 0);
process.stdout.write(
  `${total} operations on ${files.length - skipped.length} files (${kinds}): ${failures.length} failed, seed ${seed}\n`,
);
if (failures.length > 0) process.exitCode = 1;
