import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './steps.ts';

/** The licences, in full, of the packages that the given files (paths below the root) are of. */
export const licencesOf = async (files: readonly string[]): Promise<string> => {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const texts = await Promise.all([...folders].toSorted().map(licenceOf));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
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
