import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ErrorCode, errorCodes } from '../../shared/src/error-codes.ts';

/** A module and all that it loads, at once or later, over any number of files; what only its types are imported from is not loaded. */
export const loadedBy = (module: string, loaded = new Set<string>()): ReadonlySet<string> => {
  if (loaded.has(module)) return loaded;
  loaded.add(module);
  const text = readFileSync(module, 'utf8');
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;']*?\bfrom '(\.[^']+)'/gm),
    ...text.matchAll(/\bimport\('(\.[^']+)'\)/g),
    // Programs of threads: new URL(`name.${…}`, import.meta.url).
    ...[...text.matchAll(/\bnew URL\(`([\w-]+)\.\$/g)].map(([all, name = '']) => [all, `${name}.ts`]),
  ];
  for (const [, specifier = ''] of specifiers) loadedBy(join(dirname(module), specifier), loaded);
  return loaded;
};

/** The error codes that stand in sources, outside of comments. */
export const codesIn = (modules: Iterable<string>): ReadonlySet<ErrorCode> => {
  const codes = new Set<ErrorCode>();
  for (const module of modules) {
    const text = readFileSync(module, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const [, word = ''] of text.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)) {
      if (Object.hasOwn(errorCodes, word)) codes.add(word as ErrorCode);
    }
  }
  return codes;
};
