import { ConfigError, type OptionSpec } from '@nodetask/runtime/command-line';
import * as z from 'zod';
import { imagePullPolicies, imagePullPolicySchema, type InjectionSettings } from './injection/injection-settings.ts';
import type { SecureConfig } from './secure-config.ts';

/** The injection of agents, as far as the command line says. */
export type InjectionConfig = Pick<InjectionSettings, 'image' | 'imagePullPolicy'>;

export const injectionSchema = z.object({
  agentImage: z
    .string()
    .max(1024)
    .regex(/^[^\s\p{Cc}]+$/u, 'must be the reference of an image, without blanks')
    .optional(),
  agentImagePullPolicy: imagePullPolicySchema.optional(),
});

export const injectionOptions: readonly OptionSpec<keyof typeof injectionSchema.shape>[] = [
  {
    key: 'agentImage',
    flags: '--agent-image <image>',
    env: 'NODETASK_AGENT_IMAGE',
    describe: 'image of the agent that is injected into pods (with --agent-tls); default none = nothing is injected',
  },
  {
    key: 'agentImagePullPolicy',
    flags: '--agent-image-pull-policy <policy>',
    env: 'NODETASK_AGENT_IMAGE_PULL_POLICY',
    describe: `${imagePullPolicies.join(', ')}; default by the tag of the image, as Kubernetes has it`,
  },
];

/**
 * Absent where nothing is injected.
 * @throws ConfigError for a webhook without what it is to inject, or for agents that the operator could not call.
 */
export const injectionConfig = (
  { agentImage: image, agentImagePullPolicy: policy }: z.output<typeof injectionSchema>,
  secure: Pick<SecureConfig, 'agentTLS' | 'webhookName'> | undefined,
): InjectionConfig | undefined => {
  if (image === undefined) {
    if (secure?.webhookName === undefined) return undefined;
    throw new ConfigError(
      `--webhook-name is ${secure.webhookName}: say by --agent-image (NODETASK_AGENT_IMAGE) what the webhook is to inject`,
    );
  }
  if (secure?.agentTLS !== true) {
    throw new ConfigError(
      `--agent-image is ${image}: an injected agent answers by TLS only, so give --agent-tls (NODETASK_AGENT_TLS) too`,
    );
  }
  return { image, ...(policy === undefined ? {} : { imagePullPolicy: policy }) };
};
