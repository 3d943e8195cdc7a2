import { glob } from 'node:fs/promises';
import { node, root, steps } from './steps.ts';

/** Unit tests stand beside the code; what needs real servers stands in a workspace's test folder. */
const patterns = {
  unit: ['{shared,runtime,agent,operator,testbed,charts,scripts}/{src,demo,chaos,.}/**/*.test.ts'],
  real: ['{shared,runtime,agent,operator,testbed,charts}/test/**/*.test.ts'],
} as const;

const find = async (globs: readonly string[]): Promise<readonly string[]> => {
  const files: string[] = [];
  for (const pattern of globs) {
    for await (const file of glob(pattern, {
      cwd: root,
      exclude: (name) => name === 'node_modules' || name === 'dist',
    }))
      files.push(file);
  }
  return [...new Set(files)].toSorted();
};

/** Runs the tests; extra arguments go to Node's test runner, or name the files to run. */
export const test = async (which: 'all' | 'unit', args: readonly string[]): Promise<void> => {
  const named = args.filter((arg) => arg.endsWith('.test.ts'));
  const options = args.filter((arg) => !arg.endsWith('.test.ts'));
  const files =
    named.length > 0 ? named : await find(which === 'unit' ? patterns.unit : [...patterns.unit, ...patterns.real]);
  await steps([
    ...(which === 'all'
      ? [{ name: 'programs of the testbed', run: () => node(['testbed/src/programs/prepare.ts']) }]
      : []),
    {
      name: `${String(files.length)} test files`,
      run: () =>
        node(['--test', '--test-concurrency=2', '--test-timeout=600000', '--test-reporter=spec', ...options, ...files]),
    },
  ]);
};
