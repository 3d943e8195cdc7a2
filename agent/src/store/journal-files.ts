import { statSync } from 'node:fs';
import { type Mark, MarkWriter } from './journal-mark.ts';

/** SQLite cuts its write-ahead log to this size when it begins it anew, never below. */
export const walSizeLimit = 4 * 1024 * 1024;

interface Seen {
  readonly file: string;
  readonly size: bigint;
}

/**
 * Tells if the files of an open journal are still those at its path. A process goes on writing into a file that was deleted or replaced without any
 * error; what it writes there is gone when it ends.
 */
export class JournalFiles {
  readonly #path: string;
  readonly #mark: MarkWriter | undefined;
  readonly #onMarkError: (error: unknown) => void;
  #journal: Seen | undefined;
  #log: Seen | undefined;
  #markFailed = false;

  /** @param onMarkError called once, where the mark cannot be written: the journal works without it. */
  constructor(path: string, mark: Mark, onMarkError: (error: unknown) => void) {
    this.#path = path;
    this.#onMarkError = onMarkError;
    this.#journal = look(path);
    this.#mark = this.#tryMark(() => new MarkWriter(path, mark));
  }

  /** After a commit: the log is there by then. */
  committed(commits: number): void {
    this.#tryMark(() => this.#mark?.write(commits));
    this.#log ??= look(`${this.#path}-wal`);
  }

  /** The fault of the files, or undefined. */
  fault(): string | undefined {
    const journal = look(this.#path);
    const wrong = differs(this.#journal, journal, this.#journal?.size ?? 0n);
    if (wrong !== undefined) return `${this.#path} ${wrong}`;
    this.#journal = journal;
    if (this.#log === undefined) return undefined;
    const logPath = `${this.#path}-wal`;
    const log = look(logPath);
    const { size } = this.#log;
    const wrongLog = differs(this.#log, log, size < walSizeLimit ? size : BigInt(walSizeLimit));
    if (wrongLog !== undefined) return `${logPath} ${wrongLog}`;
    this.#log = log;
    return undefined;
  }

  close(): void {
    this.#tryMark(() => this.#mark?.close());
  }

  #tryMark<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#markFailed) this.#onMarkError(error);
      this.#markFailed = true;
      return undefined;
    }
  }
}

const look = (path: string): Seen | undefined => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : { file: `${found.dev}:${found.ino}`, size: found.size };
};

const differs = (before: Seen | undefined, now: Seen | undefined, least: bigint): string | undefined => {
  if (now === undefined) return 'was deleted';
  if (now.file !== before?.file) return 'was replaced by another file';
  return now.size < least ? `was cut to ${now.size} bytes` : undefined;
};
