// A service account token in a file, as a kubelet projects it: bound to the pod, and renewed before it expires.
// https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
import { rename, writeFile } from 'node:fs/promises';
import type { ServiceAccountToken } from '../control-plane/service-account-token.ts';

export interface ProjectedTokenOptions {
  readonly file: string;
  readonly requestToken: () => Promise<ServiceAccountToken>;
  readonly log: (line: string) => void;
}

const RETRY_MS = 10_000;

export class ProjectedToken implements Disposable {
  readonly #options: ProjectedTokenOptions;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: ProjectedTokenOptions) {
    this.#options = options;
  }

  /** The folder exists. */
  static async create(options: ProjectedTokenOptions): Promise<ProjectedToken> {
    const token = new ProjectedToken(options);
    await token.renew();
    return token;
  }

  /** Writes a new token now and plans the next one at 80 % of its life, as a kubelet does. */
  async renew(): Promise<void> {
    const { file, requestToken } = this.#options;
    const { token, expiresAt } = await requestToken();
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
        this.#options.log(`${this.#options.file}: token not renewed, trying again: ${String(error)}`);
        this.#plan(RETRY_MS);
      });
    }, delayMs);
    this.#timer.unref();
  }
}
