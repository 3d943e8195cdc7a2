import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeParts } from './native-parts.ts';
import { root } from './steps.ts';

/** The licences, in full, of the packages that the given files (paths below the root) are of. */
export const licencesOf = async (files: readonly string[]): Promise<string> => {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const texts = await Promise.all([...folders].toSorted().map(licencesIn));
  return texts.flat().join(`\n${'-'.repeat(80)}\n\n`);
};

/** Of the package in a folder, and of what is compiled into it. */
const licencesIn = async (folder: string): Promise<readonly string[]> => {
  const parts = nativeParts.filter((part) => folder.endsWith(`node_modules/${part.of}`));
  const texts = parts.map(
    async ({ name, version, licence, licenceFile }) =>
      `${name} ${version}: ${licence}\n\n${await readFile(join(root, folder, licenceFile), 'utf8')}`,
  );
  return Promise.all([licenceOf(folder), ...texts]);
};

const licenceOf = async (folder: string): Promise<string> => {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const found = (await readdir(path)).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file)).toSorted();
  const texts = await Promise.all(found.map((file) => readFile(join(path, file), 'utf8')));
  return [`${name} ${version}: ${license ?? 'see below'}\n`, ...texts].join('\n');
};
