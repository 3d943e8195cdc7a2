// A key of a ConfigMap as a file, as a kubelet mounts an optional one: it comes with the ConfigMap, and follows it.
// https://kubernetes.io/docs/concepts/storage/volumes/#configmap
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KubeClient } from '../kube/kube-client.ts';
import { waitForObject } from '../kube/wait-for-object.ts';

export interface ConfigMapFileOptions {
  readonly file: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly client: KubeClient;
  readonly log: (line: string) => void;
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** No test lasts that long. */
const FOREVER_MS = 86_400_000;

export class ConfigMapFile implements AsyncDisposable {
  readonly #options: ConfigMapFileOptions;
  readonly #end = new AbortController();
  readonly #following: Promise<void>;

  /** Follows at once; the file need not be there when this returns. */
  constructor(options: ConfigMapFileOptions) {
    this.#options = options;
    this.#following = this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the pod ends'));
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { file, namespace, name, key, client, log } = this.#options;
    const { signal } = this.#end;
    await mkdir(dirname(file), { recursive: true });
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    let content: string | undefined;
    while (!signal.aborted) {
      try {
        const object = await waitForObject<ConfigMap>(client, path, (state) => state?.data?.[key] !== content, {
          what: 'a change',
          timeoutMs: FOREVER_MS,
          signal,
        });
        content = object?.data?.[key];
        await this.#write(content);
      } catch (error) {
        if (signal.aborted) return;
        log(`${file}: no longer followed: ${String(error)}`);
        return;
      }
    }
  }

  async #write(content: string | undefined): Promise<void> {
    const { file } = this.#options;
    if (content === undefined) {
      await rm(file, { force: true });
      return;
    }
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  }
}
