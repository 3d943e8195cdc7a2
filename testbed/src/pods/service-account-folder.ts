// The folder that a kubelet mounts at /var/run/secrets/kubernetes.io/serviceaccount: token, ca.crt, namespace. The token is bound to the pod
// and renewed before it expires. https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceAccountToken } from '../control-plane/service-account-token.ts';

export interface ServiceAccountFolderOptions {
  readonly path: string;
  readonly namespace: string;
  readonly caFile: string;
  readonly requestToken: () => Promise<ServiceAccountToken>;
  readonly log: (line: string) => void;
}

const RETRY_MS = 10_000;

export class ServiceAccountFolder implements Disposable {
  readonly path: string;
  readonly #options: ServiceAccountFolderOptions;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: ServiceAccountFolderOptions) {
    this.path = options.path;
    this.#options = options;
  }

  static async create(options: ServiceAccountFolderOptions): Promise<ServiceAccountFolder> {
    await mkdir(options.path, { recursive: true, mode: 0o700 });
    await copyFile(options.caFile, join(options.path, 'ca.crt'));
    await writeFile(join(options.path, 'namespace'), options.namespace);
    const folder = new ServiceAccountFolder(options);
    await folder.renew();
    return folder;
  }

  /** Writes a new token now and plans the next one at 80 % of its life, as a kubelet does. */
  async renew(): Promise<void> {
    const { token, expiresAt } = await this.#options.requestToken();
    const file = join(this.path, 'token');
    await writeFile(`${file}.new`, token, { mode: 0o600 });
    await rename(`${file}.new`, file);
    this.#plan((expiresAt.getTime() - Date.now()) * 0.8);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #plan(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.renew().catch((error: unknown) => {
        // The API server may be down for the sake of a test; the old token is good for another fifth of its life.
        this.#options.log(`${this.path}: token not renewed, trying again: ${String(error)}`);
        this.#plan(RETRY_MS);
      });
    }, delayMs);
    this.#timer.unref();
  }
}
