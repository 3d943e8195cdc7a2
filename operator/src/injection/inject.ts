import { agentContainerName, agentLabel, agentLabelValue } from '@nodetask/shared';
import { boundedText } from '../bounded-text.ts';
import { readAnnotations } from './annotations.ts';
import type { InjectionSettings } from './injection-settings.ts';
import { judgePod } from './judge-pod.ts';
import { type AddOperation, patchOf } from './json-patch.ts';
import { allContainers, labelsSchema, podSchema } from './pod.ts';

/** What becomes of a pod that is about to be created. */
export type Injection =
  /** It is left as it is; `warning` is for who creates it. */
  | { readonly outcome: 'untouched'; readonly warning?: string }
  | { readonly outcome: 'injected'; readonly patch: readonly AddOperation[] }
  /** It asks for an agent in a way that cannot be met; the text says what to write instead. */
  | { readonly outcome: 'refused'; readonly refusal: string };

/** Set by a kubelet on the copy of a static pod that it shows to the API server. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

const maxRefusalCharacters = 4096;

/**
 * Decides whether and how an agent is put into a pod. Never throws, and leaves a pod without the label alone whatever it holds. The result
 * of an injection is left alone too, so that it may be called again after other webhooks.
 */
export const inject = (object: unknown, settings: InjectionSettings): Injection => {
  const labels = labelsSchema.safeParse(object);
  if (!labels.success || labels.data.metadata.labels[agentLabel] !== agentLabelValue) return { outcome: 'untouched' };

  const parsed = podSchema.safeParse(object);
  if (!parsed.success) {
    return refuse(parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`));
  }
  const pod = parsed.data;
  if (allContainers(pod).some(({ name }) => name === agentContainerName)) return { outcome: 'untouched' };
  if (pod.metadata.annotations[mirrorAnnotation] !== undefined) {
    return {
      outcome: 'untouched',
      warning: 'no NodeTask agent is injected into a static pod, which runs already and can have no service account',
    };
  }

  const read = readAnnotations(pod.metadata.annotations);
  if ('faults' in read) return refuse(read.faults);
  const faults = judgePod(pod, read.wishes);
  if (faults.length > 0) return refuse(faults);
  return { outcome: 'injected', patch: patchOf(pod, read.wishes, settings) };
};

const refuse = (faults: readonly string[]): Injection => ({
  outcome: 'refused',
  refusal: boundedText(`no NodeTask agent can be injected: ${faults.join('; ')}`, maxRefusalCharacters),
});
