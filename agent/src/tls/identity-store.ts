import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextFile } from '../node/read-file.ts';
import { writeDurably } from '../node/write-durably.ts';
import { type Credentials, readCredentials } from './credentials.ts';

/** Key and certificates in one file: whatever a crash leaves, they fit each other. */
const fileName = 'identity.pem';
const maxBytes = 64 * 1024;

/** The folder in which the key and the certificate survive a restart of the container. Nobody but the agent can read them there. */
export class IdentityStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get path(): string {
    return join(this.#folder, fileName);
  }

  /** undefined where nothing is stored. @throws where something is that cannot be used */
  async load(): Promise<Credentials | undefined> {
    const text = await readTextFile(this.path, maxBytes);
    return text === undefined ? undefined : readCredentials(text, text);
  }

  /** @throws TaskError */
  async save({ key, chain }: Credentials): Promise<void> {
    // A folder that is there keeps its mode: it may be a mount.
    await mkdir(this.#folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await writeDurably(this.#folder, fileName, `${key.trimEnd()}\n${chain}`, 'agent');
  }
}
