import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { generate, generated } from './generate.ts';
import { root, steps, tool } from './steps.ts';
import { checkText } from './check-text.ts';
import { checkRegexes } from './regexes/check-regexes.ts';

/** The generated files with their content. */
const readGenerated = async (): Promise<ReadonlyMap<string, Buffer>> => {
  const contents = new Map<string, Buffer>();
  for (const path of generated) {
    for await (const file of glob(extname(path) === '' ? `${path}/**/*.{yaml,json,md}` : path, { cwd: root })) {
      contents.set(file, await readFile(join(root, file)));
    }
  }
  return contents;
};

/** Writes back what stood there before, and removes what was not there. */
const restoreGenerated = async (
  before: ReadonlyMap<string, Buffer>,
  after: ReadonlyMap<string, Buffer>,
): Promise<void> => {
  for (const [file, content] of before) {
    if (after.get(file)?.equals(content) !== true) await writeFile(join(root, file), content);
  }
  for (const file of after.keys()) if (!before.has(file)) await rm(join(root, file));
};

/**
 * Fails if generating again would change a file, and leaves the files as they were. It compares files instead of asking git, so it also
 * works before the first commit of a change.
 */
const generatedWithoutDiff = async (): Promise<void> => {
  const before = await readGenerated();
  let after = before;
  try {
    await generate();
  } finally {
    after = await readGenerated();
    await restoreGenerated(before, after);
  }
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file)?.equals(after.get(file) ?? Buffer.alloc(0)) !== true,
  );
  if (changed.length > 0)
    throw new Error(`✘ Generated files are out of date: ${changed.join(', ')}. Run npm run generate and commit them.`);
};

/** The checks of CI beside the tests. They change no file that git tracks. */
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
