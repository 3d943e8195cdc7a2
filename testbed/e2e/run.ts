// npm run e2e: runs each test file in namespaces of its own, in which it starts a real node.
import { glob } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT, projectPath } from '../src/paths.ts';
import { stopSignal } from '../src/process/stop-signal.ts';
import { runInNamespaces } from '../src/real-node/namespaces.ts';
import { findPrograms } from '../src/programs/find-program.ts';
import { findNodePrograms } from '../src/real-node/programs.ts';
import { PROGRAMS_OF_IMAGES } from './support/images.ts';

const FILE_TIMEOUT_MS = 20 * 60_000;

const { values, positionals } = parseArgs({
  options: {
    /** Folder with the archives that `npm run images` writes. */
    images: { type: 'string' },
  },
  allowPositionals: true,
});
const { images } = values;
if (images === undefined) throw new Error('say by --images where the images are; npm run e2e builds them');
const signal = stopSignal();
// In the namespaces there is no network to fetch them from.
await findNodePrograms();
await findPrograms(['helm', ...PROGRAMS_OF_IMAGES]);
for (const file of await testFiles()) {
  process.stderr.write(`▶ ${file}\n`);
  const { code } = await runInNamespaces(
    process.execPath,
    ['--conditions=nodetask-source', '--test', '--test-reporter=spec', projectPath(file)],
    { env: { NODETASK_E2E_IMAGES: images }, timeoutMs: FILE_TIMEOUT_MS, signal },
  );
  if (signal.aborted) {
    process.exitCode = 130;
    break;
  }
  // Without a code it was killed, for it took too long.
  if (code !== 0) process.exitCode = code ?? 1;
}

async function testFiles(): Promise<readonly string[]> {
  if (positionals.length > 0) return positionals;
  const files: string[] = [];
  for await (const file of glob('testbed/e2e/**/*.test.ts', { cwd: PROJECT_ROOT })) files.push(file);
  return files.toSorted();
}
