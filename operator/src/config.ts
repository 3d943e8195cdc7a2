import { resolve } from 'node:path';
import {
  type CommandLineSources,
  ConfigError,
  dnsName,
  filePath,
  listenAddress,
  type OptionSpec,
  type ProcessConfig,
  type ProgramCommand,
  processConfig,
  processOptions,
  processSchema,
  readCommandLine,
  wholeNumber,
} from '@nodetask/runtime/command-line';
import * as z from 'zod';
import { type InjectionConfig, injectionConfig, injectionOptions, injectionSchema } from './injection-config.ts';
import type { ListenAddress } from './listen.ts';
import { type SecureConfig, secureConfig, secureOptions, secureSchema } from './secure-config.ts';

/** The options of the operator: paths are absolute, times are in milliseconds. */
export interface OperatorConfig extends ProcessConfig {
  /** Absent: the service account of the pod, else ~/.kube/config. */
  readonly kubeconfig?: string;
  /** Namespaces to watch; empty: all. */
  readonly namespaces: readonly string[];
  /** False: this is the only operator, and it takes the Lease from whoever has it. */
  readonly leaderElect: boolean;
  /** Absent: the namespace of the kubeconfig or of the pod. */
  readonly leaseNamespace?: string;
  readonly leaseName: string;
  /** Address of /healthz, /readyz and /metrics. */
  readonly listen: ListenAddress;
  /** /metrics is served by the HTTPS server alone, to whom the API server allows it. */
  readonly secureMetrics: boolean;
  /** Bearer token of the agents; absent: none is sent. */
  readonly agentTokenFile?: string;
  /** NodeTasks in work at the same time. */
  readonly concurrency: number;
  /** Of finished NodeTasks whose spec says nothing of it. Absent: they stay. */
  readonly defaultTTLSeconds?: number;
  /** Name of this instance in the Lease and in events. */
  readonly podName: string;
  /** ClusterRole that owns all that the operator makes for itself; absent: it stays when the operator goes. */
  readonly ownerClusterRole?: string;
  /** Absent: agents are called by http, and there is no HTTPS server. */
  readonly secure?: SecureConfig;
  /** Absent: no agents are injected. */
  readonly injection?: InjectionConfig;
}

const options: readonly OptionSpec<keyof typeof schema.shape>[] = [
  {
    key: 'kubeconfig',
    flags: '--kubeconfig <path>',
    env: 'KUBECONFIG',
    describe: "kubeconfig file; default the pod's service account, else ~/.kube/config",
  },
  {
    key: 'namespace',
    flags: '--namespace <name...>',
    env: 'NODETASK_NAMESPACES',
    describe: 'namespace to watch, repeatable (a list with commas in the variable); default all',
  },
  {
    key: 'leaderElect',
    flags: '--leader-elect',
    env: 'NODETASK_LEADER_ELECT',
    describe: 'share the work with other instances: one leads, the others wait; default off = the only instance',
  },
  {
    key: 'leaseNamespace',
    flags: '--lease-namespace <name>',
    env: 'NODETASK_LEASE_NAMESPACE',
    describe: 'namespace of the Lease; default that of the pod or of the kubeconfig',
  },
  {
    key: 'leaseName',
    flags: '--lease-name <name>',
    env: 'NODETASK_LEASE_NAME',
    describe: 'name of the Lease, which holds the fence; default nodetask-operator',
  },
  {
    key: 'listen',
    flags: '--listen <host:port>',
    env: 'NODETASK_LISTEN',
    describe: 'address of /healthz, /readyz and /metrics; default :8080, at all addresses of IPv4 and IPv6',
  },
  {
    key: 'secureMetrics',
    flags: '--secure-metrics',
    env: 'NODETASK_SECURE_METRICS',
    describe:
      'serve /metrics by the HTTPS server alone, to bearers that may get the non-resource URL /metrics; default off = to whoever reaches --listen',
  },
  {
    key: 'agentTokenFile',
    flags: '--agent-token-file <path>',
    env: 'NODETASK_AGENT_TOKEN_FILE',
    describe: 'file with the bearer token of the agents; read again when it changes',
  },
  {
    key: 'concurrency',
    flags: '--concurrency <number>',
    env: 'NODETASK_CONCURRENCY',
    describe: 'NodeTasks in work at the same time; default 16',
  },
  {
    key: 'defaultTtlSeconds',
    flags: '--default-ttl-seconds <number>',
    env: 'NODETASK_DEFAULT_TTL_SECONDS',
    describe:
      'delete finished NodeTasks that have no ttlSecondsAfterFinished so long after their end; default never. A GitOps tool that still has one creates it anew, and it runs again',
  },
  ...secureOptions,
  ...injectionOptions,
  ...processOptions,
  {
    key: 'podName',
    flags: '--pod-name <name>',
    env: 'POD_NAME',
    describe: 'name of this instance (downward API); default nodetask-operator',
  },
];

/** A flag, or its variable. */
const onOff = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false);

const schema = z.object({
  ...processSchema.shape,
  ...secureSchema.shape,
  ...injectionSchema.shape,
  kubeconfig: filePath.optional(),
  namespace: z.array(dnsName('namespace', 63)).max(256).default([]),
  leaderElect: onOff,

  leaseNamespace: dnsName('namespace', 63).optional(),
  leaseName: dnsName('Lease').default('nodetask-operator'),
  listen: listenAddress.default({ port: 8080 }),
  secureMetrics: onOff,
  agentTokenFile: filePath.optional(),
  concurrency: wholeNumber(1, 1000).default(16),
  defaultTtlSeconds: wholeNumber(0, 315_360_000).optional(),
  podName: dnsName('pod').default('nodetask-operator'),
});

/** @throws ConfigError */
export const readOperatorCommand = (sources: CommandLineSources): ProgramCommand<OperatorConfig> =>
  readCommandLine(
    {
      name: 'nodetask-operator',
      description: 'Watches NodeTasks and has the agents of their target pods run them.',
      options,
      schema,
      compile,
    },
    sources,
  );

const compile = (given: z.output<typeof schema>, isTerminal: boolean): OperatorConfig => {
  const secure = secureConfig(given);
  const injection = injectionConfig(given, secure);
  if (given.secureMetrics && secure === undefined) {
    throw new ConfigError(
      '--secure-metrics needs the HTTPS server, which there is with --agent-tls or --webhook-name: give one of them, or leave it off',
    );
  }
  return {
    ...(given.kubeconfig === undefined ? {} : { kubeconfig: given.kubeconfig }),
    namespaces: [...new Set(given.namespace)],
    leaderElect: given.leaderElect,
    ...(given.leaseNamespace === undefined ? {} : { leaseNamespace: given.leaseNamespace }),
    leaseName: given.leaseName,
    listen: given.listen,
    secureMetrics: given.secureMetrics,
    ...(given.agentTokenFile === undefined ? {} : { agentTokenFile: resolve(given.agentTokenFile) }),
    concurrency: given.concurrency,
    ...(given.defaultTtlSeconds === undefined ? {} : { defaultTTLSeconds: given.defaultTtlSeconds }),
    ...processConfig(given, isTerminal),
    podName: given.podName,
    ...(given.ownerClusterRole === undefined ? {} : { ownerClusterRole: given.ownerClusterRole }),
    ...(secure === undefined ? {} : { secure }),
    ...(injection === undefined ? {} : { injection }),
  };
};
