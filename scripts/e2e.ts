import { join } from 'node:path';
import { cannotRunNode } from '@nodetask/testbed';
import { buildImages } from './images/build-images.ts';
import { node, root, steps } from './steps.ts';

/** Where a real node cannot run, say so and go on: for CI. */
const ifPossible = '--if-possible';

/** Builds the images and runs the tests that need a real node with them; extra arguments name test files. */
export const e2e = async (args: readonly string[]): Promise<void> => {
  const reason = await cannotRunNode();
  if (reason !== false) {
    const message = `✘✘✘ The end-to-end tests do NOT run here: ${reason}. ✘✘✘`;
    if (!args.includes(ifPossible)) throw new Error(message);
    process.stderr.write(`\n${message}\n\n`);
    return;
  }
  const output = join(root, 'dist', 'images');
  await steps([
    { name: 'images', run: async () => void (await buildImages({ output })) },
    {
      name: 'end-to-end tests',
      run: () => node(['testbed/e2e/run.ts', '--images', output, ...args.filter((arg) => arg !== ifPossible)]),
    },
  ]);
};
