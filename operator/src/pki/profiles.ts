import { isIP } from 'node:net';
import { agentServerName, anyAgentServerName, metricsReaderIdentity, operatorIdentity } from '@nodetask/shared';
import type { CertificateContent } from './x509/sign-certificate.ts';

/** Who a certificate is for, and what it is good for. */
export type Profile = Omit<CertificateContent, 'publicKey' | 'notBefore' | 'notAfter'>;

/** The agent in the pod with this UID: it serves. */
export const agentProfile = (podUID: string): Profile => ({
  commonName: agentServerName(podUID),
  use: 'server',
  dnsNames: [agentServerName(podUID), anyAgentServerName],
});

/** The operator: it calls agents. */
export const operatorProfile: Profile = { commonName: 'nodetask-operator', use: 'client', uris: [operatorIdentity] };

/** Who scrapes /v0/metrics of agents: it calls. */
export const metricsReaderProfile: Profile = {
  commonName: 'nodetask-metrics-reader',
  use: 'client',
  uris: [metricsReaderIdentity],
};

export interface ServiceNames {
  readonly name: string;
  readonly namespace: string;
  /** More names and addresses at which it is reached. */
  readonly hosts: readonly string[];
}

/** The operator's HTTPS server, at its Service. */
export const serverProfile = ({ name, namespace, hosts }: ServiceNames): Profile => ({
  commonName: 'nodetask-operator',
  use: 'server',
  dnsNames: [
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
    `${name}.${namespace}`,
    ...hosts.filter((host) => isIP(host) === 0),
  ],
  ipAddresses: hosts.filter((host) => isIP(host) !== 0),
});
