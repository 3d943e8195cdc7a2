import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../node/file-errors.ts';
import { readTextFile } from '../../node/read-file.ts';
import { writeDurably } from '../../node/write-durably.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import { destinationId } from '../destination-id.ts';
import { formatKeptUpload, type KeptUpload, parseKeptUpload } from '../kept-upload.ts';

const fileName = 'newest-upload.json';
const maxBytes = 16 * 1024;

/**
 * The newest snapshot that this agent has uploaded to a destination, or has found there. What is at the store decides what is uploaded; this
 * record is for metrics, which must not ask the store. Every method throws TaskError `file-io`, `file-invalid` or `disk-full`.
 */
export class UploadRecord {
  readonly #folder: string;

  constructor(stateFolder: string, location: ObjectStoreLocation) {
    this.#folder = join(stateFolder, 'snapshot-upload', destinationId(location));
  }

  /** Undefined where no upload is known. */
  async read(): Promise<KeptUpload | undefined> {
    return parseKeptUpload(await readTextFile(join(this.#folder, fileName), maxBytes));
  }

  /** Keeps an upload unless a newer one is kept. A time after `now` comes of a clock that was wrong: it must not keep an upload new for ever. */
  async write({ at, ...rest }: KeptUpload, now: number): Promise<void> {
    const upload = { ...rest, at: Math.min(at, now) };
    const before = await this.read();
    if (before !== undefined && before.at > upload.at && before.at <= now) return;
    if (before?.at === upload.at && before.key === upload.key && before.by === upload.by) return;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fileError('make the folder', this.#folder, error);
    }
    await writeDurably(this.#folder, fileName, formatKeptUpload(upload), 'agent');
  }
}
