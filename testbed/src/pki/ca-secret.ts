// The Secret of the CA as cert-manager writes it for a Certificate with isCA.
import type { CertificateAuthority } from './certificate-authority.ts';

export const CA_SECRET = 'nodetask-ca';

export function caSecret(ca: CertificateAuthority, namespace: string) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: CA_SECRET, namespace },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': ca.certificate, 'tls.key': ca.key, 'ca.crt': ca.certificate },
  };
}
