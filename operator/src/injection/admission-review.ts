import * as z from 'zod';

/**
 * The admission API, version 1: what the API server asks a webhook, and what it is answered. Members that are not read here are let through
 * unseen: newer API servers send more.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */

const apiVersion = 'admission.k8s.io/v1';
const kind = 'AdmissionReview';

const requestSchema = z.object({
  uid: z.string().min(1).max(256),
  kind: z.object({ group: z.string().default(''), kind: z.string() }),
  subResource: z.string().optional(),
  operation: z.string(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  object: z.unknown().optional(),
});
export type AdmissionRequest = z.output<typeof requestSchema>;

export const admissionReviewSchema = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  request: requestSchema,
});

export interface AdmissionResponse {
  readonly allowed: boolean;
  /** Operations of a JSON patch. */
  readonly patch?: readonly object[];
  /** Why not, for who sent the request. */
  readonly refusal?: string;
  /** Shown to who sent the request. */
  readonly warning?: string;
}

/** The text of the answer to a request. */
export const admissionAnswer = ({ uid }: AdmissionRequest, response: AdmissionResponse): string => {
  const { allowed, patch, refusal, warning } = response;
  return JSON.stringify({
    apiVersion,
    kind,
    response: {
      uid,
      allowed,
      ...(patch === undefined
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(refusal === undefined ? {} : { status: { code: 400, reason: 'BadRequest', message: refusal } }),
      ...(warning === undefined ? {} : { warnings: [warning] }),
    },
  });
};
