// Certificates of the testbed's own CA in files, as cert-manager would mount them: no operator is needed.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentServerName } from '@nodetask/shared';
import type { TlsCall } from '../net/http-call.ts';
import type { CertificateAuthority, IssuedCertificate } from '../pki/certificate-authority.ts';
import type { AgentIdentities, PodIdentity } from './agent-identities.ts';
import type { Pod } from './pod.ts';

export class OwnCertificates implements AgentIdentities {
  readonly #ca: CertificateAuthority;
  #operator: Promise<IssuedCertificate> | undefined;

  constructor(ca: CertificateAuthority) {
    this.#ca = ca;
  }

  async mount(pod: Pod, folder: string): Promise<PodIdentity> {
    const path = join(folder, 'nodetask-tls');
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { certificate, key } = await this.#ca.agent(pod.metadata.uid);
    const files = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': this.#ca.certificate };
    for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content, { mode: 0o600 });
    return {
      env: {
        NODETASK_TLS_CERT_FILE: join(path, 'tls.crt'),
        NODETASK_TLS_KEY_FILE: join(path, 'tls.key'),
        NODETASK_TRUST_FILE: join(path, 'ca.crt'),
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async caller(podUID: string): Promise<TlsCall> {
    this.#operator ??= this.#ca.operator();
    return { ...(await this.#operator), ca: this.#ca.certificate, serverName: agentServerName(podUID) };
  }
}
