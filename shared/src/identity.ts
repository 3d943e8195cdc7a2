import * as z from 'zod';
import { timestamp } from './task-result.ts';

/**
 * Who is who over TLS: the names in the certificates that the operator's CA issues, and the request by which an agent gets its own.
 * Certificates of agents serve only, those of the operator and of who reads metrics call only: none can be used for the other.
 */

/** DNS name in the certificate of the agent in the pod with this UID; the operator connects to no other. */
export const agentServerName = (podUID: string): string => `${podUID}.agent.nodetask.dev`;

/** DNS name that the certificate of every agent has too: for who scrapes all of them with one configuration. */
export const anyAgentServerName = 'any.agent.nodetask.dev';

/** URI in the operator's client certificate: it may call everything. */
export const operatorIdentity = 'spiffe://nodetask.dev/operator';

/** URI in the client certificate of who may read /v0/metrics of agents, and nothing else. */
export const metricsReaderIdentity = 'spiffe://nodetask.dev/metrics-reader';

/** Audience of the service account token, bound to its pod, by which an agent shows the operator which pod it is. */
export const enrollAudience = 'nodetask.dev';

/** POST on the operator's service: an agent's request for its certificate. */
export const enrollPath = '/v0/certificates';

/** The agent keeps its private key: the operator needs the public one (SubjectPublicKeyInfo, PEM; EC P-256). */
export const enrollRequestSchema = z.strictObject({
  publicKey: z.string().max(1024).startsWith('-----BEGIN PUBLIC KEY-----'),
});
export type EnrollRequest = z.output<typeof enrollRequestSchema>;

/** The certificate with its chain, PEM, without the root; and when it ends. */
export const enrollResponseSchema = z.object({
  certificate: z.string().max(16_384),
  notAfter: timestamp,
});
export type EnrollResponse = z.output<typeof enrollResponseSchema>;

/** ConfigMap, in each namespace with agents and in the operator's, that holds the CA certificates to trust; its key. */
export const trustConfigMap = 'nodetask-trust';
export const trustKey = 'ca.crt';
