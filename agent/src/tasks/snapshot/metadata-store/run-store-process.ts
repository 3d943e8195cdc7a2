import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TaskError } from '@nodetask/shared';
import type { EntryName, StoreEntry } from './store-entry.ts';
import { storeAnswer, type StoreJob } from './store-job.ts';

/** Of a process that works on a few megabytes; most of it is its start on a busy machine. */
const timeoutMs = 60_000;
/** Of what the process prints: a line for each entry that a store may have. */
const maxOutputBytes = 256 * 1024;
/** JavaScript has little to do in it. */
const nodeOptions = ['--max-old-space-size=64'];

/** All snapshots that a store lists. `store`: a copy that nobody else opens. Throws TaskError `snapshot-store-invalid`. */
export const listStore = (store: string, signal: AbortSignal): Promise<readonly StoreEntry[]> =>
  runStoreProcess({ kind: 'list', store }, signal);

/** Makes a new store of some of the entries, in the folder `target`, which does not exist yet. */
export const selectFromStore = async (
  store: string,
  target: string,
  entries: readonly EntryName[],
  signal: AbortSignal,
): Promise<void> => {
  const names = entries.map(({ height, format }) => ({ height, format }));
  const written = await runStoreProcess({ kind: 'select', store, target, entries: names }, signal);
  if (written.length === entries.length) return;
  throw invalid(store, `it gave ${written.length} of ${entries.length} entries`);
};

/** Runs the job in a process of its own, which has ended when this resolves or rejects. */
const runStoreProcess = async (job: StoreJob, signal: AbortSignal): Promise<readonly StoreEntry[]> => {
  signal.throwIfAborted();
  // Beside this file, as a source and as tsc emits it, and beside the bundle.
  const program = new URL(`store-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const running = promisify(execFile)(process.execPath, [...nodeOptions, fileURLToPath(program), JSON.stringify(job)], {
    env: {},
    signal,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: maxOutputBytes,
  });
  const closed = once(running.child, 'close').catch(() => undefined);
  // The process kills itself when it has answered, so its end says nothing; only its answer counts.
  const { stdout, failure } = await running.then(
    (output) => ({ stdout: output.stdout, failure: undefined }),
    (error: unknown) => ({ stdout: stdoutOf(error), failure: error }),
  );
  await closed;
  signal.throwIfAborted();
  const answer = parse(stdout);
  if (answer?.kind === 'done') return answer.entries;
  throw invalid(job.store, answer?.message ?? whyOf(failure), failure);
};

const stdoutOf = (error: unknown): string =>
  error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' ? error.stdout : '';

const parse = (stdout: string) => {
  try {
    return storeAnswer.safeParse(JSON.parse(stdout)).data;
  } catch {
    // The process ended before it answered; the caller says how.
    return undefined;
  }
};

const whyOf = (failure: unknown): string => {
  if (!(failure instanceof Error)) return 'the process that reads it gave no answer';
  const signal = 'signal' in failure && typeof failure.signal === 'string' ? ` by ${failure.signal}` : '';
  const printed = 'stderr' in failure && typeof failure.stderr === 'string' ? failure.stderr.trim().slice(0, 500) : '';
  return `the process that reads it was ended${signal}${printed === '' ? '' : `: ${printed}`}`;
};

const invalid = (store: string, why: string, cause?: unknown): TaskError =>
  new TaskError(
    'snapshot-store-invalid',
    `a copy of metadata.db cannot be used as a LevelDB: ${why.replaceAll(store, 'metadata.db')}`,
    { cause },
  );
