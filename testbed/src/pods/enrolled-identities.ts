// Certificates that agents get from a real operator: the volumes that an injected agent has, and a client certificate of the operator's CA.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentServerName, enrollAudience, trustConfigMap, trustKey } from '@nodetask/shared';
import type { ControlPlane } from '../control-plane.ts';
import { waitForObject } from '../kube/wait-for-object.ts';
import type { TlsCall } from '../net/http-call.ts';
import { CA_SECRET } from '../pki/ca-secret.ts';
import { CertificateAuthority, type IssuedCertificate } from '../pki/certificate-authority.ts';
import type { AgentIdentities, PodIdentity } from './agent-identities.ts';
import { ConfigMapFile } from './config-map-file.ts';
import { serviceAccountOf, type Pod } from './pod.ts';
import { ProjectedToken } from './projected-token.ts';

export interface EnrolledIdentitiesOptions {
  readonly controlPlane: ControlPlane;
  /** https://host:port of the operator's HTTPS server, or of a proxy before it. */
  readonly enrollUrl: string;
  /** Where the CA is. */
  readonly operatorNamespace: string;
  readonly log: (line: string) => void;
}

interface CaSecret {
  readonly data?: { readonly 'tls.crt'?: string; readonly 'tls.key'?: string; readonly 'ca.crt'?: string };
}

const READY_TIMEOUT_MS = 30_000;

export class EnrolledIdentities implements AgentIdentities {
  readonly #options: EnrolledIdentitiesOptions;
  #operator: { readonly ca: string; readonly issued: Promise<IssuedCertificate> } | undefined;

  constructor(options: EnrolledIdentitiesOptions) {
    this.#options = options;
  }

  async mount(pod: Pod, folder: string): Promise<PodIdentity> {
    const { controlPlane, enrollUrl, log } = this.#options;
    const { name, namespace, uid } = pod.metadata;
    const volume = async (volumeName: string): Promise<string> => {
      const path = join(folder, volumeName);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    };
    await using parts = new AsyncDisposableStack();
    const tokenFile = join(await volume('nodetask-token'), 'token');
    parts.use(
      await ProjectedToken.create({
        file: tokenFile,
        requestToken: async () =>
          controlPlane.serviceAccountToken({
            namespace,
            serviceAccount: serviceAccountOf(pod),
            pod: { name, uid },
            audiences: [enrollAudience],
          }),
        log,
      }),
    );
    const trustFile = join(await volume('nodetask-trust'), trustKey);
    const client = controlPlane.admin;
    parts.use(new ConfigMapFile({ file: trustFile, namespace, name: trustConfigMap, key: trustKey, client, log }));
    const env = {
      NODETASK_ENROLL_URL: enrollUrl,
      NODETASK_ENROLL_TOKEN_FILE: tokenFile,
      NODETASK_TRUST_FILE: trustFile,
      NODETASK_IDENTITY_DIR: await volume('nodetask-identity'),
    };
    const mounted = parts.move();
    return {
      env,
      [Symbol.asyncDispose]: async () => mounted.disposeAsync(),
    };
  }

  /** Read afresh: one CA follows another. */
  async caller(podUID: string): Promise<TlsCall> {
    const { controlPlane, operatorNamespace } = this.#options;
    const secret = await waitForObject<CaSecret>(
      controlPlane.admin,
      `/api/v1/namespaces/${operatorNamespace}/secrets/${CA_SECRET}`,
      (state) => state?.data?.['tls.crt'] !== undefined,
      { what: 'the CA of the operator', timeoutMs: READY_TIMEOUT_MS },
    );
    const text = (key: 'tls.crt' | 'tls.key' | 'ca.crt'): string =>
      Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
    const ca = text('tls.crt');
    if (this.#operator?.ca !== ca) {
      this.#operator = { ca, issued: CertificateAuthority.of(ca, text('tls.key')).operator() };
    }
    return { ...(await this.#operator.issued), ca: text('ca.crt'), serverName: agentServerName(podUID) };
  }
}
