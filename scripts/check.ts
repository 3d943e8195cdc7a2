import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { generate, generated } from './generate.ts';
import { root, steps, tool } from './steps.ts';
import { checkText } from './check-text.ts';
import { checkRegexes } from './regexes/check-regexes.ts';

/** Hash of every generated file by path. */
const snapshot = async (): Promise<ReadonlyMap<string, string>> => {
  const hashes = new Map<string, string>();
  for (const path of generated) {
    for await (const file of glob(extname(path) === '' ? `${path}/**/*.{yaml,json,md}` : path, { cwd: root })) {
      hashes.set(
        file,
        createHash('sha256')
          .update(await readFile(join(root, file)))
          .digest('hex'),
      );
    }
  }
  return hashes;
};

/** Fails where generating again changes a file. Needs no git, so it also works before the first commit of a change. */
const generatedWithoutDiff = async (): Promise<void> => {
  const before = await snapshot();
  await generate();
  const after = await snapshot();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (changed.length > 0)
    throw new Error(
      `✘ Generated files were out of date: ${changed.join(', ')}. They are now up to date: look at them and commit them.`,
    );
};

/** What CI checks beside the tests. */
export const check = (): Promise<void> =>
  steps([
    { name: 'types', run: () => tool('tsc', ['-b']) },
    { name: 'lint', run: () => tool('oxlint', ['--type-aware', '--max-warnings=0', '.']) },
    { name: 'format', run: () => tool('prettier', ['--check', '--log-level=warn', '.']) },
    {
      name: 'layering',
      run: () =>
        tool('depcruise', [
          '--config',
          '.dependency-cruiser.cjs',
          'shared/dist/src',
          'runtime/dist/src',
          'agent/dist/src',
          'operator/dist/src',
          'testbed/dist/src',
          'charts/dist/src',
        ]),
    },
    { name: 'unused files, exports and dependencies', run: () => tool('knip', []) },
    { name: 'regular expressions: linear', run: checkRegexes },
    { name: 'text: no machine paths, no registry hosts', run: checkText },
    { name: 'generated files without a diff', run: generatedWithoutDiff },
  ]);
