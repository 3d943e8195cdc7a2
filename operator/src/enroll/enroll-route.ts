import type { KeyObject } from 'node:crypto';
import { boundedLogger } from '@nodetask/runtime/connections';
import { type Clock, enrollPath, enrollRequestSchema, type EnrollResponse, type Logger } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { boundedText } from '../bounded-text.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { Leaf } from '../pki/leaf.ts';
import { refusal } from '../secure-server/refusal.ts';
import type { SecureAnswer, SecureRequest, SecureRoute } from '../secure-server/secure-route.ts';
import { bearerOf } from './bearer-of.ts';
import { EnrollLimits, type EnrollRates } from './enroll-limits.ts';
import { readPublicKey } from './read-public-key.ts';
import { podOfToken, type TokenPod } from './pod-of-token.ts';

export interface EnrollOptions {
  readonly transport: KubeTransport;
  /** The pod that the operator knows by this key (`namespace/name`) to have an agent. */
  readonly podOf: (key: string) => AgentPod | undefined;
  /** Undefined while there is no CA. */
  readonly issue: (podUID: string, publicKey: KeyObject) => Leaf | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rates?: EnrollRates;
  readonly onAnswer?: (status: number) => void;
}

interface EnrollContext extends EnrollOptions {
  /** Whoever is refused may ask again and again, and must not fill the log. */
  readonly refusals: Logger;
}

/** A key of P-256 takes 200 bytes. */
const maxBodyBytes = 4096;
const retryAfterSeconds = 5;

/**
 * POST /v0/certificates: an agent that shows by its pod's token which pod it is gets the certificate for that pod, and for no other. Pods get one only
 * while the operator knows them as pods with an agent. Tokens are in no log and in no answer.
 */
export const enrollRoute = (options: EnrollOptions): SecureRoute => {
  const limits = new EnrollLimits(options.clock, options.rates);
  const { clock, logger } = options;
  const refusals = boundedLogger({ logger, clock, lines: 10 });
  return {
    method: 'POST',
    path: enrollPath,
    maxBodyBytes,
    handle: async (request) => {
      const answer = await handleWithin(limits, request, { ...options, refusals });
      options.onAnswer?.(answer.status);
      return answer;
    },
  };
};

const handleWithin = async (
  limits: EnrollLimits,
  request: SecureRequest,
  options: EnrollContext,
): Promise<SecureAnswer> => {
  if (!limits.enter(request.remoteAddress ?? '')) return tooMany('requests from this address, or at the same time');
  try {
    return await enroll(request, limits, options);
  } finally {
    limits.leave();
  }
};

const enroll = async (
  request: SecureRequest,
  limits: EnrollLimits,
  { transport, podOf, issue, logger, refusals }: EnrollContext,
): Promise<SecureAnswer> => {
  const token = bearerOf(request.headers);
  if (token === undefined) {
    return refusal('unauthorized', 'send the service account token of the pod as "Authorization: Bearer …"');
  }
  const publicKey = publicKeyOf(request.body);
  if (publicKey === undefined) {
    return refusal(
      'invalid-request',
      'the body must be {"publicKey": "…"} with an EC key on P-256 as PEM ("-----BEGIN PUBLIC KEY-----")',
    );
  }
  let reviewed;
  try {
    reviewed = await podOfToken(transport, token, request.signal);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refusals.warn('the API server cannot say whose token this is', { error });
    return refusal('unavailable', 'the API server cannot say whose token this is: try again', retryAfter);
  }
  if ('refused' in reviewed) return refusal('unauthorized', reviewed.refused);
  request.proven?.();
  const { pod } = reviewed;
  const key = `${pod.namespace}/${pod.name}`;
  if (!isAgent(pod, podOf(key))) {
    refusals.warn('refused a certificate to a pod that is not known to have an agent', { pod: key, uid: pod.uid });
    return refusal(
      'not-an-agent',
      `the operator knows no pod ${key} with UID ${boundedText(pod.uid, 64)} and an agent: label it nodetask.dev/agent: enabled, in a namespace that the operator watches`,
    );
  }
  if (!limits.mayIssue(pod.uid)) return tooMany(`certificates for the pod ${key}`);
  const leaf = issue(pod.uid, publicKey);
  if (leaf === undefined) return refusal('unavailable', 'the operator has no CA yet: try again', retryAfter);
  const [{ validToDate }] = leaf.chain;
  const notAfter = validToDate.toISOString();
  logger.info('issued the certificate of an agent', { pod: key, uid: pod.uid, notAfter });
  return {
    status: 200,
    body: JSON.stringify({ certificate: leaf.certificateText, notAfter } satisfies EnrollResponse),
  };
};

/** The very pod, and one whose containers may still run. */
const isAgent = ({ uid }: TokenPod, known: AgentPod | undefined): boolean =>
  known !== undefined && known.metadata.uid === uid && known.ended !== true;

const publicKeyOf = (body: string): KeyObject | undefined => {
  try {
    const parsed = enrollRequestSchema.safeParse(JSON.parse(body));
    return parsed.success ? readPublicKey(parsed.data.publicKey) : undefined;
  } catch {
    return undefined;
  }
};

const retryAfter = { 'Retry-After': String(retryAfterSeconds) };

const tooMany = (what: string): SecureAnswer =>
  refusal('too-many-requests', `too many ${what}: try again in ${retryAfterSeconds} s`, retryAfter);
