// Who issues the certificates of a cluster with TLS: the first operator, or a CA of the testbed.
import type { ControlPlane } from './control-plane.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { freePort } from './net/free-port.ts';
import type { SecureSettings } from './operator-process.ts';
import { caSecret } from './pki/ca-secret.ts';
import { CertificateAuthority } from './pki/certificate-authority.ts';
import type { AgentIdentities } from './pods/agent-identities.ts';
import { EnrolledIdentities } from './pods/enrolled-identities.ts';
import { OwnCertificates } from './pods/own-certificates.ts';

export interface ClusterTlsOptions {
  readonly controlPlane: ControlPlane;
  readonly operatorNamespace: string;
  /** Puts one before the HTTPS server of the first operator. */
  readonly faultProxies: boolean;
  /** Where operators are that the testbed does not start; absent: it starts them. */
  readonly operatorUrl?: string;
  readonly log: (line: string) => void;
}

export interface ClusterTls {
  readonly identities: AgentIdentities;
  /** For the operator that is started as the `number`th, from 1. */
  operatorSettings(number: number): Promise<SecureSettings>;
  /** Between the agents and the first operator's HTTPS server. */
  readonly enrollProxy?: FaultProxy;
}

/** The first operator makes the CA, and issues to agents. */
export async function issuedByOperator(options: ClusterTlsOptions): Promise<ClusterTls> {
  const port = await freePort();
  const enrollProxy = options.faultProxies ? await startFaultProxy({ target: { host: '127.0.0.1', port } }) : undefined;
  const enrollUrl = options.operatorUrl ?? enrollProxy?.url('https') ?? `https://127.0.0.1:${port}`;
  return {
    identities: new EnrolledIdentities({ ...options, enrollUrl }),
    operatorSettings: async (number) => ({ port: number === 1 ? port : await freePort(), caSource: 'operator' }),
    ...(enrollProxy === undefined ? {} : { enrollProxy }),
  };
}

/** A CA of the testbed issues into files. Operators that are started find it in the Secret, as one that somebody else has put there. */
export async function issuedByTestbed(options: ClusterTlsOptions): Promise<ClusterTls> {
  const ca = await CertificateAuthority.create();
  await options.controlPlane.admin.create(caSecret(ca, options.operatorNamespace));
  return {
    identities: new OwnCertificates(ca),
    operatorSettings: async () => ({ port: await freePort(), caSource: 'secret' }),
  };
}
