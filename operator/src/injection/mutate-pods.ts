import type { Logger } from '@nodetask/shared';
import type { SecureAnswer, SecureRoute } from '../secure-server/secure-route.ts';
import { type AdmissionRequest, admissionAnswer, admissionReviewSchema } from './admission-review.ts';
import { inject } from './inject.ts';
import type { InjectionSettings } from './injection-settings.ts';

/** Where the MutatingWebhookConfiguration sends pods. */
export const mutatePodsPath = '/mutate-pods';

/** The API server takes objects of 3 MiB at most, and puts little around one. */
const maxBodyBytes = 4 * 1024 * 1024;

export interface MutatePodsOptions {
  readonly settings: InjectionSettings;
  readonly logger: Logger;
}

/**
 * The webhook that injects agents. It keeps nothing and changes nothing outside its answer, so that dry runs and repetitions are like any
 * other call; and whoever else reaches it learns nothing but what it would do, which is why it does not ask who calls.
 */
export const mutatePods = ({ settings, logger }: MutatePodsOptions): SecureRoute => {
  const answer = (request: AdmissionRequest): string => {
    if (!isNewPod(request)) return admissionAnswer(request, { allowed: true });
    const injection = inject(request.object, settings);
    const pod = { namespace: request.namespace, pod: nameOf(request) };
    switch (injection.outcome) {
      case 'untouched':
        return admissionAnswer(request, {
          allowed: true,
          ...(injection.warning === undefined ? {} : { warning: injection.warning }),
        });
      case 'injected':
        logger.debug('agent injected', pod);
        return admissionAnswer(request, { allowed: true, patch: injection.patch });
      case 'refused':
        logger.info('pod refused', { ...pod, reason: injection.refusal });
        return admissionAnswer(request, { allowed: false, refusal: injection.refusal });
      default: {
        const never: never = injection;
        return never;
      }
    }
  };
  return {
    method: 'POST',
    path: mutatePodsPath,
    maxBodyBytes,
    handle: ({ body }): Promise<SecureAnswer> => {
      const review = admissionReviewSchema.safeParse(parse(body));
      if (review.success) {
        return Promise.resolve({ status: 200, body: answer(review.data.request), keepAlive: true });
      }
      const error = 'the body must be an AdmissionReview of admission.k8s.io/v1 with a request';
      return Promise.resolve({ status: 400, body: JSON.stringify({ error, code: 'bad-request', retriable: false }) });
    },
  };
};

/** Pods change their containers at no other time. */
const isNewPod = ({ kind, subResource = '', operation }: AdmissionRequest): boolean =>
  operation === 'CREATE' && kind.group === '' && kind.kind === 'Pod' && subResource === '';

/** Pods of a ReplicaSet or a DaemonSet have no name yet. */
const nameOf = ({ name, object }: AdmissionRequest): string | undefined => {
  if (name !== undefined && name !== '') return name;
  const { metadata } = (object ?? {}) as {
    readonly metadata?: { readonly name?: unknown; readonly generateName?: unknown };
  };
  const chosen = metadata?.name ?? metadata?.generateName;
  return typeof chosen === 'string' ? chosen : undefined;
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};
