/**
 * The process that opens a copy of `metadata.db`. The library is native code and reads bytes of others, perhaps of an archive of a stranger:
 * here it can neither take the agent down nor keep memory, and it has no credentials in its environment.
 */
import { readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { maxEntries, parseChunks, parseKey, type StoreEntry } from './store-entry.ts';
import type { StoreAnswer, StoreJob } from './store-job.ts';

/** The process begins with 60 MB. A hostile block of a store unpacks to twenty times its size. */
const maxMemoryBytes = 256 * 1024 * 1024;
const memoryCheckMs = 5;

type Store = ClassicLevel<Buffer, Buffer>;

const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

const answer = (told: StoreAnswer): void => {
  writeSync(1, `${JSON.stringify(told)}\n`);
};

/** At once, without the hooks that wait for work of the library. */
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

const checkMemory = (): void => {
  if (process.memoryUsage.rss() <= maxMemoryBytes) return;
  answer({ kind: 'failed', message: `to read it takes more than ${maxMemoryBytes / 1024 / 1024} MiB of memory` });
  die();
};

const isWanted = (job: StoreJob, { height, format }: StoreEntry): boolean =>
  job.kind === 'list' || job.entries.some((entry) => entry.height === height && entry.format === format);

const run = async (job: StoreJob): Promise<readonly StoreEntry[]> => {
  const store: Store = new ClassicLevel(job.store, { ...encodings, createIfMissing: false });
  await store.open();
  const target: Store | undefined =
    job.kind === 'list' ? undefined : new ClassicLevel(job.target, { ...encodings, errorIfExists: true });
  await target?.open();
  const found: StoreEntry[] = [];
  for await (const [key, value] of store.iterator()) {
    const name = parseKey(key);
    if (name === undefined) continue;
    const entry = { ...name, chunks: parseChunks(value, name) };
    if (!isWanted(job, entry)) continue;
    if (found.length >= maxEntries) throw new Error(`it lists more than ${maxEntries} snapshots`);
    found.push(entry);
    await target?.put(key, value, { sync: true });
  }
  await target?.close();
  await store.close();
  return found;
};

/** What LevelDB leaves for itself; neither is part of the data. */
const tidy = (folder: string): void => {
  for (const name of readdirSync(folder)) if (/^(?:LOCK|LOG.*)$/.test(name)) rmSync(join(folder, name));
};

// The agent holds the other end for as long as it waits for the answer.
process.stdin.on('end', die).on('error', die).resume();
setInterval(checkMemory, memoryCheckMs);
try {
  const asked = JSON.parse(process.argv[2] ?? '') as StoreJob;
  const entries = await run(asked);
  if (asked.kind === 'select') tidy(asked.target);
  answer({ kind: 'done', entries });
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  answer({ kind: 'failed', message: (cause instanceof Error ? cause.message : String(cause)).slice(0, 1_000) });
}
die();
