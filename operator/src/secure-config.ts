import { isIP } from 'node:net';
import { ConfigError, dnsName, listenAddress, type OptionSpec, wholeNumber } from '@nodetask/runtime/command-line';
import * as z from 'zod';
import type { ListenAddress } from './listen.ts';

/** What the operator does by TLS: its CA, its HTTPS server, its calls of agents. */
export interface SecureConfig {
  /** Agents are called by https, with a client certificate. */
  readonly agentTLS: boolean;
  readonly ca: {
    readonly secretName: string;
    /** Who writes the Secret: the operator, or somebody else, such as cert-manager. */
    readonly source: 'operator' | 'secret';
    readonly lifetimeMs: number;
  };
  /** Of what the CA signs. */
  readonly certificateLifetimeMs: number;
  /** Address of the HTTPS server. */
  readonly listen: ListenAddress;
  /** The Service before the HTTPS server, and more names and addresses at which it is reached. */
  readonly service: { readonly name: string; readonly hosts: readonly string[] };
  /** MutatingWebhookConfiguration whose caBundle is kept up to date; absent: none. */
  readonly webhookName?: string;
  /** ClusterRole with which all that the operator makes for TLS is removed; absent: it stays. */
  readonly ownerClusterRole?: string;
}

/** While one CA follows another, what was signed by the first must have its time to end: a sixth of the life of a CA. */
const leastCertificateLives = 6;

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false);

const host = z
  .string()
  .max(253)
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text),
    'must be host names in lower case, or IP addresses without a port',
  );

export const secureSchema = z.object({
  agentTls: flag,
  caSecret: dnsName('Secret').default('nodetask-ca'),
  caSource: z.enum(['operator', 'secret']).default('operator'),
  caLifetimeSeconds: wholeNumber(3600, 999_999_999).default(365 * 86_400),
  certificateLifetimeSeconds: wholeNumber(60, 999_999_999).default(86_400),
  secureListen: listenAddress.default({ port: 9443 }),
  serviceName: dnsName('Service', 63).default('nodetask-operator'),
  serviceHost: z.array(host).max(32).default([]),
  webhookName: dnsName('MutatingWebhookConfiguration').optional(),
  ownerClusterRole: z.string().min(1).max(253).optional(),
});

export const secureOptions: readonly OptionSpec<keyof typeof secureSchema.shape>[] = [
  {
    key: 'agentTls',
    flags: '--agent-tls',
    env: 'NODETASK_AGENT_TLS',
    describe: 'call agents by https with a client certificate, and issue their certificates; default off = http',
  },
  {
    key: 'caSecret',
    flags: '--ca-secret <name>',
    env: 'NODETASK_CA_SECRET',
    describe: 'Secret of the CA, in the namespace of the Lease; default nodetask-ca',
  },
  {
    key: 'caSource',
    flags: '--ca-source <who>',
    env: 'NODETASK_CA_SOURCE',
    describe: 'who writes that Secret: operator, or secret = somebody else (cert-manager); default operator',
  },
  {
    key: 'caLifetimeSeconds',
    flags: '--ca-lifetime-seconds <seconds>',
    env: 'NODETASK_CA_LIFETIME_SECONDS',
    describe: 'life of a CA that the operator makes; the next follows it after five sixths; default 31536000 (a year)',
  },
  {
    key: 'certificateLifetimeSeconds',
    flags: '--certificate-lifetime-seconds <seconds>',
    env: 'NODETASK_CERTIFICATE_LIFETIME_SECONDS',
    describe: 'life of a certificate, which is renewed after two thirds; least 60; default 86400 (a day)',
  },
  {
    key: 'secureListen',
    flags: '--secure-listen <host:port>',
    env: 'NODETASK_SECURE_LISTEN',
    describe:
      'address of the HTTPS server (with --agent-tls or --webhook-name); default :9443, at all addresses of IPv4 and IPv6',
  },
  {
    key: 'serviceName',
    flags: '--service-name <name>',
    env: 'NODETASK_SERVICE_NAME',
    describe: 'Service before the HTTPS server; default nodetask-operator',
  },
  {
    key: 'serviceHost',
    flags: '--service-host <host...>',
    env: 'NODETASK_SERVICE_HOSTS',
    describe: 'host name or address more in the certificate of the HTTPS server, repeatable (a list with commas)',
  },
  {
    key: 'webhookName',
    flags: '--webhook-name <name>',
    env: 'NODETASK_WEBHOOK_NAME',
    describe: 'MutatingWebhookConfiguration whose caBundle is kept up to date; default none',
  },
  {
    key: 'ownerClusterRole',
    flags: '--owner-cluster-role <name>',
    env: 'NODETASK_OWNER_CLUSTER_ROLE',
    describe:
      'ClusterRole that owns what the operator makes for itself (Lease, Secrets, ConfigMaps): it goes with it; default none',
  },
];

/**
 * Absent where nothing is done by TLS.
 * @throws ConfigError where the lives do not go together.
 */
export const secureConfig = (given: z.output<typeof secureSchema>): SecureConfig | undefined => {
  if (!given.agentTls && given.webhookName === undefined) return undefined;
  const { caLifetimeSeconds, certificateLifetimeSeconds } = given;
  if (given.caSource === 'operator' && caLifetimeSeconds < leastCertificateLives * certificateLifetimeSeconds) {
    throw new ConfigError(
      `--ca-lifetime-seconds is ${caLifetimeSeconds}: it must be at least ${leastCertificateLives} times ` +
        `--certificate-lifetime-seconds (${certificateLifetimeSeconds}), or certificates would end with their CA`,
    );
  }
  return {
    agentTLS: given.agentTls,
    ca: { secretName: given.caSecret, source: given.caSource, lifetimeMs: caLifetimeSeconds * 1000 },
    certificateLifetimeMs: certificateLifetimeSeconds * 1000,
    listen: given.secureListen,
    service: { name: given.serviceName, hosts: given.serviceHost },
    ...(given.webhookName === undefined ? {} : { webhookName: given.webhookName }),
    ...(given.ownerClusterRole === undefined ? {} : { ownerClusterRole: given.ownerClusterRole }),
  };
};
