import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusyLoops } from './busy-loops.ts';
import { node, root, steps } from './steps.ts';

/** Unit tests stand beside the code; what needs real servers stands in a workspace's test folder. */
const patterns = {
  unit: ['{shared,runtime,agent,operator,testbed,charts}/{src,demo,chaos}/**/*.test.ts', 'scripts/**/*.test.ts'],
  real: ['{shared,runtime,agent,operator,testbed,charts}/test/**/*.test.ts'],
} as const;

const patternsOf = {
  all: [...patterns.unit, ...patterns.real],
  unit: patterns.unit,
  loaded: patterns.real,
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

/**
 * Where Node.js keeps modules without their types, and compiled: to import an agent takes a whole second of CPU time without it, half of one with it, and tests
 * start hundreds of programs.
 * https://nodejs.org/api/module.html#module-compile-cache
 */
const compileCache = join(root, 'node_modules', '.cache', 'node-compile');

/** One more than CI has processors: tests with real servers wait for clocks and processes half of the time. */
const runner = ['--test', '--test-concurrency=3', '--test-timeout=600000', '--test-reporter=spec'];

/** More than the two processors of CI have time for. */
const busyLoops = 4;

/**
 * Runs the tests; extra arguments go to Node's test runner, or name the files to run. `loaded` are the files with real servers, beside
 * programs that take the processors from them: a test that only passes on a machine with nothing else to do shows there.
 */
export const test = async (which: 'all' | 'unit' | 'loaded', args: readonly string[]): Promise<void> => {
  const named = args.filter((arg) => arg.endsWith('.test.ts'));
  const options = args.filter((arg) => !arg.endsWith('.test.ts'));
  const files = named.length > 0 ? named : await find(patternsOf[which]);
  const whole = which === 'all' && args.length === 0;
  const audit = whole ? await mkdtemp(join(tmpdir(), 'nodetask-audit-')) : '';
  try {
    await steps([
      ...(which !== 'unit'
        ? [{ name: 'programs of the testbed', run: () => node(['testbed/src/programs/prepare.ts']) }]
        : []),
      {
        name: `${String(files.length)} test files`,
        run: async () => {
          await using stack = new AsyncDisposableStack();
          if (which === 'loaded') stack.use(new BusyLoops(busyLoops));
          await node([...runner, ...options, ...files], {
            NODETASK_TESTBED_AUDIT_FOLDER: audit,
            NODE_COMPILE_CACHE: compileCache,
          });
        },
      },
      // What operator and agents asked for in all of them.
      ...(whole
        ? [
            {
              name: 'rights of the chart',
              run: () => node(['--test-reporter=spec', 'charts/replay/rbac.test.ts', audit]),
            },
          ]
        : []),
    ]);
  } finally {
    if (whole) await rm(audit, { recursive: true });
  }
};
