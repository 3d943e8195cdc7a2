/** The commands behind `npm run`; runs under the Node.js of the lockfile. */
import { bundle } from './bundle.ts';
import { deep } from './deep.ts';
import { e2e } from './e2e.ts';
import { generate, generateManifests } from './generate.ts';
import { check } from './check.ts';
import { registryDiff } from './registry/registry-diff.ts';
import { node, steps, tool } from './steps.ts';
import { test } from './test.ts';

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  build: () =>
    steps([
      { name: 'types', run: () => tool('tsc', ['-b']) },
      { name: 'bundle of the agent', run: () => bundle('agent') },
      { name: 'bundle of the operator', run: () => bundle('operator') },
    ]),
  check,
  generate: async () => {
    await generate();
    await generateManifests();
  },
  format: () => steps([{ name: 'format', run: () => tool('prettier', ['--write', '--log-level=warn', '.']) }]),
  test: (args) => test('all', args),
  'test:unit': (args) => test('unit', args),
  'test:loaded': (args) => test('loaded', args),
  e2e,
  images: (args) => node(['scripts/images/images.ts', ...args]),
  testbed: (args) => node(['testbed/src/run.ts', ...args]),
  demo: (args) => node(['testbed/demo/demo.ts', ...args]),
  chaos: ([what, ...args]) => {
    if (what === 'result-export') return node(['agent/test/result-export-kill.test.ts', ...args]);
    if (what === 'snapshot-restore') return node(['testbed/chaos/restore/rounds.ts', ...args]);
    return node(['testbed/chaos/chaos.ts', ...(what === undefined ? [] : [what, ...args])]);
  },
  'toml-rounds': (args) => node(['scripts/toml-rounds/toml-rounds.ts', ...args]),
  deep: (args) => deep(args),
  'registry:diff': async (args) => {
    process.exitCode = await registryDiff(args, {
      out: (text) => process.stdout.write(text),
      error: (text) => process.stderr.write(text),
    });
  },
  bench: ([script = '', ...args]) => node([`bench/${script}.ts`, ...args]),
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`Unknown command "${name}". Known: ${Object.keys(commands).join(', ')}.\n`);
  process.exitCode = 2;
} else {
  try {
    await command(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
