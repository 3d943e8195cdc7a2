import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { fileError } from '../../node/file-errors.ts';
import { recoverFiles, replaceFiles } from '../../node/file-transaction.ts';
import { readTextFile } from '../../node/read-file.ts';
import { syncFolder } from '../../node/sync-folder.ts';
import { describeObject } from '../../objectstore/location.ts';
import { formatKeptUpload, parseKeptUpload } from '../kept-upload.ts';
import type { NewestUpload } from '../upload-age.ts';
import type { ExportDestination } from './export-destination.ts';

const height = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const stateSchema = z.strictObject({
  chainId: z.string(),
  /** The last height whose page is complete at the destination; absent before the first page. */
  exported: height.optional(),
  /** The page that is being written. Until it is complete no other may begin: after a crash it may be at the destination already. */
  begun: z.strictObject({ from: height, to: height }).optional(),
});

/** What has been exported to one destination. */
export type ExportState = z.output<typeof stateSchema>;

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** For who reads the file; the folder's name is the key. */
  destination: z.string(),
  state: stateSchema,
});

const fileName = 'state.json';

/**
 * The newest complete page. In a file of its own: agents of before refuse a state with members that they do not know. Written after the state, so that a
 * crash in between leaves the page before.
 */
const newestName = 'newest-page.json';
const maxBytes = 16 * 1024;

/**
 * The state of one destination, durable and atomic, in a folder of its own below the agent's state folder. Written with the destination's
 * lock held. Every method throws TaskError `file-io`, `file-invalid` or `disk-full`.
 */
export class ExportStateFile {
  readonly #folder: string;
  readonly #destination: ExportDestination;

  constructor(stateFolder: string, destination: ExportDestination) {
    this.#folder = join(stateFolder, 'result-export', destination.id);
    this.#destination = destination;
  }

  /** Undefined where nothing was ever begun. */
  async read(): Promise<ExportState | undefined> {
    const path = join(this.#folder, fileName);
    const text = await readTextFile(path, maxBytes);
    if (text === undefined) return undefined;
    try {
      return fileSchema.parse(JSON.parse(text)).state;
    } catch (error) {
      throw new TaskError(
        'file-invalid',
        `${path} is no state of an export: find the last page at ${this.#where()}, restore the file, or export to another prefix`,
        { cause: error },
      );
    }
  }

  async write(state: ExportState): Promise<void> {
    const content: z.input<typeof fileSchema> = { version: 1, destination: this.#where(), state };
    await replaceFiles(this.#folder, [{ name: fileName, content: `${JSON.stringify(content)}\n` }]);
  }

  /** Remembers a page that is complete, and when it was. Not synced: a page costs enough of that, and what a power cut leaves out is made up for. */
  async writeNewest(key: string, at: Date): Promise<void> {
    const path = join(this.#folder, newestName);
    try {
      await writeFile(`${path}.tmp`, formatKeptUpload({ key, at: at.getTime() }), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    } catch (error) {
      throw fileError('write', path, error);
    }
  }

  /** With its last height; undefined where no page is complete. After an agent that kept no time, the last change of the state counts. */
  async newest(): Promise<(NewestUpload & { readonly height: number }) | undefined> {
    const state = await this.read();
    if (state?.exported === undefined) return undefined;
    const { exported } = state;
    const known = parseKeptUpload(await readTextFile(join(this.#folder, newestName), maxBytes));
    if (known !== undefined) {
      return { where: describeObject(this.#destination.location, known.key), at: known.at, height: exported };
    }
    const path = join(this.#folder, fileName);
    try {
      return { where: `the page that ends at ${exported}`, at: (await stat(path)).mtimeMs, height: exported };
    } catch (error) {
      throw fileError('look at', path, error);
    }
  }

  /** As if nothing had ever been begun. */
  async forget(): Promise<void> {
    try {
      await rm(join(this.#folder, fileName), { force: true });
      await syncFolder(this.#folder);
    } catch (error) {
      throw fileError('remove', join(this.#folder, fileName), error);
    }
  }

  /** Makes the folder, and removes what a crash left in it. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fileError('make the folder', this.#folder, error);
    }
    await recoverFiles(this.#folder);
  }

  #where(): string {
    return describeObject(this.#destination.location, this.#destination.location.prefix);
  }
}
