import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

import { countText, readCount } from './commit-count.ts';

/** The last knowledge about a journal: its id, and how many times it was written. */
export interface Mark {
  readonly journalID: string;
  readonly commits: number;
}

const markPath = (path: string): string => `${path}.mark`;
const pattern = /^([0-9a-f-]{36}) +([\d.]{1,32})\n$/u;
const countWidth = 27;
/** Id, space, count, end of line. */
const markBytes = 36 + 1 + countWidth + 1;

/** The mark beside a journal; undefined where there is none that can be read. One that can neither be written is told of by its writer. */
export const readMark = (path: string): Mark | undefined => {
  let text: string;
  try {
    text = readSmallFile(markPath(path));
  } catch {
    return undefined;
  }
  const [, journalID, countOf] = pattern.exec(text) ?? [];
  const commits = readCount(countOf);
  return journalID === undefined || commits === undefined ? undefined : { journalID, commits };
};

const readSmallFile = (path: string): string => {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(128);
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
};

/**
 * A small file beside the journal, by which the next start notices that the journal, or the newest part of it, is gone. It is written after each commit and
 * not flushed to the disk, which would take as long as the commit itself: after a power cut it may be behind the journal, and is never ahead of it.
 */
export class MarkWriter {
  readonly #journalID: string;
  readonly #fd: number;

  constructor(path: string, { journalID, commits }: Mark) {
    this.#journalID = journalID;
    this.#fd = openSync(markPath(path), constants.O_RDWR | constants.O_CREAT, 0o600);
    this.write(commits);
    ftruncateSync(this.#fd, markBytes);
    fsyncSync(this.#fd);
  }

  /** Always as many bytes, in one write over the ones before: a kill leaves the one or the other. */
  write(commits: number): void {
    writeSync(this.#fd, `${this.#journalID} ${countText(commits).padStart(countWidth)}\n`, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
