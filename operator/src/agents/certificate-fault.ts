import { boundedText } from '../bounded-text.ts';

/** Codes of node:tls: the certificate that was shown does not lead to a CA of the bundle. */
const unknownIssuer: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/** What of an error of node:tls is used. */
interface TLSFault {
  readonly code: string;
  readonly message: string;
  /** The certificate of ERR_TLS_CERT_ALTNAME_INVALID. */
  readonly cert?: { readonly subjectaltname?: string };
}

/** What a side says in TLS that does not accept the certificate of the other. https://datatracker.ietf.org/doc/html/rfc8446#section-6 */
const refusalsOfCertificate = ['CERTIFICATE', 'UNKNOWN_CA', 'ACCESS_DENIED'];

/**
 * What is wrong with the certificate of an agent, with ours in its eyes, or with its TLS, and what to do about it. The names in it are what the other side
 * says.
 * @param agent which one, and where.
 * @returns undefined for an error of another kind.
 */
export const certificateFault = (agent: string, error: unknown): string | undefined => {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const fault = error as Error & TLSFault;
  if (fault.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = boundedText(fault.cert?.subjectaltname ?? 'no names', 256);
    return `${agent} shows a certificate for another pod (${names}): its address may have passed to another; where it stays so, restart the pod`;
  }
  if (unknownIssuer.has(fault.code)) {
    return `${agent} shows a certificate that no CA of ours has signed: it renews it once it sees the CAs of today (ConfigMap nodetask-trust, --trust-file)`;
  }
  if (fault.code.includes('ALERT') && refusalsOfCertificate.some((alert) => fault.code.includes(alert))) {
    return `${agent} does not accept the certificate of the operator (${fault.code}): it does once it sees the CAs of today (ConfigMap nodetask-trust)`;
  }
  switch (fault.code) {
    case 'CERT_HAS_EXPIRED':
      return `${agent} shows a certificate that has ended: look into its log for why it could not renew it`;
    case 'CERT_NOT_YET_VALID':
      return `${agent} shows a certificate that has not begun: compare the clocks of the nodes`;
    case 'INVALID_PURPOSE':
      return `${agent} shows a certificate that is not for a server: it must be one that the operator issued for an agent`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${agent} does not speak TLS: start it with --enroll-url or a certificate of its own, or the operator without --agent-tls`;
    default:
      return undefined;
  }
};
