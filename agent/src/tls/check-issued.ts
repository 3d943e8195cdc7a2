import { agentServerName, momentText } from '@nodetask/shared';
import { alternativeNames } from './alternative-names.ts';
import type { Credentials } from './credentials.ts';
import type { TrustFile } from './trust-file.ts';

/** id-kp-serverAuth. https://datatracker.ietf.org/doc/html/rfc5280#section-4.2.1.12 */
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** Why a certificate is not that of the agent in this pod; undefined where it is. */
export const faultOfName = ({ certificate }: Credentials, podUID: string): string | undefined => {
  const name = agentServerName(podUID);
  const names = alternativeNames(certificate).dns;
  return names.includes(name) ? undefined : `it is for ${names.join(', ') || 'no name'} instead of ${name}`;
};

/**
 * Why a certificate that was issued is of no use to the agent of a pod: the operator would not call it, and the agent would not notice.
 * undefined where it is good. @param at milliseconds since the epoch
 */
export const faultOfIssued = (
  credentials: Credentials,
  trust: TrustFile,
  { podUID, at }: { readonly podUID: string; readonly at: number },
): string | undefined => {
  const { certificate, others } = credentials;
  const fault = faultOfName(credentials, podUID);
  if (fault !== undefined) return fault;
  if (!(certificate.keyUsage ?? []).includes(serverAuth))
    return 'it is not for servers (extended key usage serverAuth)';
  if (certificate.validToDate.getTime() <= at) return `it ended at ${momentText(certificate.validToDate.getTime())}`;
  if (trust.chainOf(certificate, others) === undefined) return `it leads to no CA of ${trust.path}`;
  return undefined;
};
