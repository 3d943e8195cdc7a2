// The folder that a kubelet mounts at /var/run/secrets/kubernetes.io/serviceaccount: token, ca.crt, namespace.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceAccountToken } from '../control-plane/service-account-token.ts';
import { ProjectedToken } from './projected-token.ts';

export interface ServiceAccountFolderOptions {
  readonly path: string;
  readonly namespace: string;
  readonly caFile: string;
  readonly requestToken: () => Promise<ServiceAccountToken>;
  readonly log: (line: string) => void;
}

export class ServiceAccountFolder implements Disposable {
  readonly path: string;
  readonly #token: ProjectedToken;

  private constructor(path: string, token: ProjectedToken) {
    this.path = path;
    this.#token = token;
  }

  static async create({
    path,
    namespace,
    caFile,
    requestToken,
    log,
  }: ServiceAccountFolderOptions): Promise<ServiceAccountFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await copyFile(caFile, join(path, 'ca.crt'));
    await writeFile(join(path, 'namespace'), namespace);
    const token = await ProjectedToken.create({ file: join(path, 'token'), requestToken, log });
    return new ServiceAccountFolder(path, token);
  }

  [Symbol.dispose](): void {
    this.#token[Symbol.dispose]();
  }
}
