import * as z from 'zod';

/** When a kubelet pulls an image. https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy */
export const imagePullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;
export const imagePullPolicySchema = z.enum(imagePullPolicies);
type ImagePullPolicy = z.output<typeof imagePullPolicySchema>;

/** What every injected agent has in common. */
export interface InjectionSettings {
  /** Image of the agent. */
  readonly image: string;
  /** Absent: Always for the tag `latest`, else IfNotPresent, as Kubernetes has it. */
  readonly imagePullPolicy?: ImagePullPolicy;
  /** Base URL of the operator's HTTPS service, where an agent gets its certificate. */
  readonly enrollURL: string;
  /** Version of the operator, for the annotation that says who injected. */
  readonly version: string;
}
