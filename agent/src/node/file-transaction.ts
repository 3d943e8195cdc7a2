import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { fileError, isMissing } from './file-errors.ts';
import { isBareName } from './node-home.ts';
import { readTextFile } from './read-file.ts';
import { syncFolder } from './sync-folder.ts';
import { openTemporary, temporaryPattern } from './temporary-file.ts';
import { writeOrRemove } from './write-or-remove.ts';

/**
 * Replaces files of one folder as a unit: after kill -9 or a power cut at any point, the next `recoverFiles` leaves either all of the old
 * contents or all of the new ones.
 *
 * 1. Each new content goes to a temporary file beside its target, with the target's mode and owner, and is synced.
 * 2. Several files: a journal that lists them is renamed into place and synced. From here on the transaction is committed.
 * 3. The temporary files are renamed over their targets, the folder is synced, the journal removed.
 *
 * A crash before 2 leaves temporary files, which recovery removes; after 2 a journal, whose renames recovery completes. A single file
 * needs no journal: its rename is the commit. The caller holds the lock of the folder.
 */

/** A new content: bytes, or a complete temporary file that `openTemporary` made. */
export interface FileChange {
  /** Bare name of the target. */
  readonly name: string;
  readonly content: string | Uint8Array | { readonly temporary: string };
}

export interface FileTransactionOptions {
  /** Called after each step that a crash could follow; tests end the process in it. */
  readonly afterStep?: (step: string) => void;
}

export interface Recovery {
  /** Targets that now have the content of an interrupted transaction. */
  readonly completed: readonly string[];
  /** Temporary files of transactions that never committed. */
  readonly discarded: readonly string[];
}

const journalName = '.nodetask-transaction.json';
const maxJournalBytes = 64 * 1024;

const journalSchema = z.strictObject({
  version: z.literal(1),
  files: z
    .array(
      z.strictObject({
        name: z.string().refine(isBareName),
        temporary: z.string().regex(temporaryPattern),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(16),
});

type Journal = z.output<typeof journalSchema>;

/** Puts all changes into place, or none. Throws TaskError `file-io`, `file-invalid` or `disk-full`. */
export const replaceFiles = async (
  folder: string,
  changes: readonly FileChange[],
  options: FileTransactionOptions = {},
): Promise<void> => {
  if (changes.length === 0) return;
  const step = options.afterStep ?? (() => undefined);
  const staged: Journal['files'] = [];
  const isUnit = changes.length > 1;
  try {
    for (const change of changes) {
      const temporary = await stage(folder, change);
      const file = { name: change.name, temporary, sha256: '' };
      staged.push(file);
      if (isUnit) file.sha256 = await sha256OfFile(join(folder, temporary));
      step(`staged ${change.name}`);
    }
    if (isUnit) {
      await syncFolder(folder);
      await writeJournal(folder, { version: 1, files: staged });
    }
  } catch (error) {
    // A journal that was renamed but not synced may or may not be on disk: recovery judges, not this branch.
    if (!(await exists(join(folder, journalName)))) await discard(folder, staged);
    throw fileError('stage new files in', folder, error);
  }
  step('committed');
  for (const file of staged) {
    await move(folder, file.temporary, file.name);
    step(`renamed ${file.name}`);
  }
  await syncFolder(folder);
  step('synced');
  if (isUnit) {
    await removeJournal(folder);
    step('finished');
  }
};

/**
 * Completes or undoes what a crash interrupted in the folder. Idempotent; call it with the folder's lock held, before its files are read.
 */
export const recoverFiles = async (folder: string): Promise<Recovery> => {
  try {
    const completed = await completeJournal(folder);
    const discarded: string[] = [];
    for (const name of await readdir(folder)) {
      if (!temporaryPattern.test(name)) continue;
      await unlink(join(folder, name));
      discarded.push(name);
    }
    if (completed.length + discarded.length > 0) await syncFolder(folder);
    return { completed, discarded };
  } catch (error) {
    if (isMissing(error)) return { completed: [], discarded: [] };
    throw fileError('recover the files in', folder, error);
  }
};

const stage = async (folder: string, change: FileChange): Promise<string> => {
  if (typeof change.content === 'object' && 'temporary' in change.content) {
    const file = await open(join(folder, change.content.temporary), 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    return change.content.temporary;
  }
  const { name, file } = await openTemporary(folder, change.name);
  const { content } = change;
  await writeOrRemove(file, join(folder, name), () => file.writeFile(content));
  return name;
};

const writeJournal = async (folder: string, journal: Journal): Promise<void> => {
  const temporary = join(folder, `.nodetask-${randomUUID()}.journal`);
  const file = await open(temporary, 'wx', 0o600);
  await writeOrRemove(file, temporary, () => file.writeFile(JSON.stringify(journal)));
  await rename(temporary, join(folder, journalName));
  await syncFolder(folder);
};

const completeJournal = async (folder: string): Promise<readonly string[]> => {
  const path = join(folder, journalName);
  const text = await readTextFile(path, maxJournalBytes);
  if (text === undefined) return [];
  const journal = parseJournal(path, text);
  // Everything is looked at before anything is moved: a unit that cannot be completed must not become half of one.
  const waiting: Journal['files'][number][] = [];
  for (const entry of journal.files) {
    if (await hasContent(join(folder, entry.temporary), entry.sha256)) {
      waiting.push(entry);
    } else if (!(await hasContent(join(folder, entry.name), entry.sha256))) {
      throw new TaskError(
        'file-invalid',
        `an interrupted change of ${journal.files.map((file) => file.name).join(', ')} in ${folder} cannot be completed, because ` +
          `${entry.name} has neither its new content nor a complete ${entry.temporary}: check the files, then remove ${path}`,
      );
    }
  }
  for (const entry of waiting) await move(folder, entry.temporary, entry.name);
  await syncFolder(folder);
  await removeJournal(folder);
  return journal.files.map((file) => file.name);
};

const parseJournal = (path: string, text: string): Journal => {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TaskError(
      'file-invalid',
      `${path} is not a journal of this agent: check the files beside it, then remove it`,
      {
        cause: error,
      },
    );
  }
};

const hasContent = async (path: string, sha256: string): Promise<boolean> => {
  try {
    const stat = await lstat(path);
    return stat.isFile() && (await sha256OfFile(path)) === sha256;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/** SHA-256 of a file's bytes, in lower-case hex; the file is streamed. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
};

const move = async (folder: string, from: string, to: string): Promise<void> => {
  try {
    await rename(join(folder, from), join(folder, to));
  } catch (error) {
    throw fileError('replace', join(folder, to), error);
  }
};

const removeJournal = async (folder: string): Promise<void> => {
  await unlink(join(folder, journalName));
  await syncFolder(folder);
};

const discard = async (folder: string, staged: readonly { readonly temporary: string }[]): Promise<void> => {
  for (const { temporary } of staged) {
    await unlink(join(folder, temporary)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};
