import { isAbsolute, join, resolve } from 'node:path';
import { agentPort, rpcUrl } from '@nodetask/shared';
import {
  type CommandLineSources,
  ConfigError,
  dnsName,
  filePath,
  type ListenAddress,
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
import { isLoopback } from './is-loopback.ts';
import { isSystemFolder } from './node/system-folder.ts';
import { type TlsConfig, tlsConfig, tlsOptions, tlsSchema } from './tls-options.ts';

/** The options of the agent: every path is absolute, every time is in milliseconds. */
export interface AgentConfig extends ProcessConfig {
  readonly listen: ListenAddress;
  /** The probes, for everyone. */
  readonly probeListen: ListenAddress;
  /** File with the bearer token that callers may send. */
  readonly tokenFile?: string;
  /** Absent: plain HTTP. Without this and a token: on loopback only, for everyone. */
  readonly tls?: TlsConfig;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  /** Hosts that the egress check lets through although they are loopback, link-local or the like. */
  readonly allowHosts: readonly string[];
  /** Home of the node: config/ and data/. */
  readonly home: string;
  /** Folders outside of the home below which the node's configuration may have its files. */
  readonly allowPaths: readonly string[];
  /** Where the journal is. */
  readonly stateFolder: string;
  readonly podName?: string;
  readonly podUID?: string;
  /** The agent's own namespace: tasks of other namespaces are refused. */
  readonly namespace?: string;
  /** The API server; absent outside a cluster. */
  readonly cluster?: ClusterConfig;
}

export interface ClusterConfig {
  readonly host: string;
  readonly port: number;
  /** Folder with token, ca.crt and namespace. */
  readonly serviceAccountFolder: string;
}

const options: readonly OptionSpec<keyof typeof schema.shape>[] = [
  {
    key: 'listen',
    flags: '--listen <host:port>',
    env: 'NODETASK_LISTEN',
    describe: `address of the HTTP API; default :${String(agentPort)} (all addresses) with TLS or a token, 127.0.0.1:${String(agentPort)} without`,
  },
  {
    key: 'probeListen',
    flags: '--probe-listen <host:port>',
    env: 'NODETASK_PROBE_LISTEN',
    describe:
      'address of livez, healthz and startupz by plain HTTP; default the host of --listen, and the port after its port',
  },
  {
    key: 'tokenFile',
    flags: '--token-file <path>',
    env: 'NODETASK_TOKEN_FILE',
    describe: 'file with the bearer token that callers must send, or with TLS may; read again when it changes',
  },
  ...tlsOptions,
  {
    key: 'nodeRpc',
    flags: '--node-rpc <url>',
    env: 'NODETASK_NODE_RPC',
    describe: "the node's own RPC; default http://127.0.0.1:26657",
  },
  {
    key: 'allowHost',
    flags: '--allow-host <host...>',
    env: 'NODETASK_ALLOW_HOST',
    describe: 'host that tasks may connect to although it is a loopback or link-local address; repeatable',
  },
  {
    key: 'home',
    flags: '--home <path>',
    env: 'NODETASK_HOME',
    describe: "the node's home with config/ and data/; default /sei",
  },
  {
    key: 'allowPath',
    flags: '--allow-path <path...>',
    env: 'NODETASK_ALLOW_PATH',
    describe: "folder outside of the home below which the node's configuration may name paths; repeatable",
  },
  {
    key: 'stateDir',
    flags: '--state-dir <path>',
    env: 'NODETASK_STATE_DIR',
    describe: 'folder of the journal, outside what a restore clears; default <home>/.nodetask',
  },
  ...processOptions,
  { key: 'podName', flags: '--pod-name <name>', env: 'POD_NAME', describe: 'name of the pod (downward API)' },
  { key: 'podUid', flags: '--pod-uid <uid>', env: 'POD_UID', describe: 'UID of the pod (downward API)' },
  {
    key: 'namespace',
    flags: '--namespace <name>',
    env: 'POD_NAMESPACE',
    describe: 'namespace of the pod; default: that of the service account',
  },
  {
    key: 'serviceAccountDir',
    flags: '--service-account-dir <path>',
    env: 'NODETASK_SERVICEACCOUNT_DIR',
    describe: 'token, ca.crt and namespace of the service account',
  },
];

const schema = z
  .object({
    ...processSchema.shape,
    listen: listenAddress.optional(),
    probeListen: listenAddress.optional(),
    tokenFile: filePath.optional(),
    ...tlsSchema.shape,
    nodeRpc: z
      .string()
      .overwrite(rpcUrl)
      .regex(
        /^https?:\/\/[^\s/?#@]+\/?$/,
        'must be an http:// or https:// URL of a host, for instance http://127.0.0.1:26657, or host:port',
      )
      .default('http://127.0.0.1:26657'),
    allowHost: z
      .array(z.string().regex(/^[^\s/@?#]{1,253}$/, 'must be a host name or an address, without scheme and path'))
      .max(256)
      .default([]),
    home: filePath.default('/sei'),
    allowPath: z
      .array(
        filePath.refine((path) => isAbsolute(path) && !isSystemFolder(resolve(path)), {
          error: 'must be an absolute path, and neither / nor in /proc, /sys or /dev',
        }),
      )
      .max(64)
      .default([]),
    stateDir: filePath.optional(),
    podName: dnsName('pod').optional(),
    podUid: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, 'must be the UID of a pod')
      .optional(),
    namespace: dnsName('namespace', 63).optional(),
    serviceAccountDir: filePath.default('/var/run/secrets/kubernetes.io/serviceaccount'),
    kubernetesHost: z.string().min(1).optional(),
    kubernetesPort: wholeNumber(1, 65535).default(443),
  })
  // Without either, whoever reaches the port may run tasks.
  .refine((given) => isGuarded(given) || given.listen === undefined || isLoopback(given.listen), {
    path: ['listen'],
    message:
      'not a loopback address, and callers need neither certificate nor token: set NODETASK_ENROLL_URL / --enroll-url, NODETASK_TLS_CERT_FILE / --tls-cert-file or NODETASK_TOKEN_FILE / --token-file, or listen on 127.0.0.1',
  });

const isGuarded = ({ tokenFile, enrollUrl, tlsCertFile }: Readonly<Record<string, unknown>>): boolean =>
  [tokenFile, enrollUrl, tlsCertFile].some((option) => option !== undefined);

/** @throws ConfigError */
export const readAgentCommand = (sources: CommandLineSources): ProgramCommand<AgentConfig> =>
  readCommandLine(
    {
      name: 'nodetask-agent',
      description: 'Runs operational tasks on the node beside it, and answers for them over HTTP.',
      options,
      variables: { kubernetesHost: 'KUBERNETES_SERVICE_HOST', kubernetesPort: 'KUBERNETES_SERVICE_PORT' },
      schema,
      compile,
      helpText:
        '\nIn a pod, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name the API server to which results are reported.\n',
    },
    sources,
  );

const compile = (given: z.output<typeof schema>, isTerminal: boolean): AgentConfig => {
  const home = resolve(given.home);
  const tls = tlsConfig(given);
  const listen = given.listen ?? defaultListen(given);
  return {
    listen,
    probeListen: given.probeListen ?? nextTo(listen),
    ...(given.tokenFile === undefined ? {} : { tokenFile: resolve(given.tokenFile) }),
    ...(tls === undefined ? {} : { tls }),
    nodeRPC: given.nodeRpc.replace(/\/$/, ''),
    allowHosts: given.allowHost,
    home,
    allowPaths: given.allowPath.map((path) => resolve(path)),
    stateFolder: given.stateDir === undefined ? join(home, '.nodetask') : resolve(given.stateDir),
    ...processConfig(given, isTerminal),
    ...(given.podName === undefined ? {} : { podName: given.podName }),
    ...(given.podUid === undefined ? {} : { podUID: given.podUid }),
    ...(given.namespace === undefined ? {} : { namespace: given.namespace }),
    ...(given.kubernetesHost === undefined ? {} : { cluster: chooseCluster(given.kubernetesHost, given) }),
  };
};

const defaultListen = (given: z.output<typeof schema>): ListenAddress =>
  isGuarded(given) ? { port: agentPort } : { host: '127.0.0.1', port: agentPort };

/** Probes tell next to nothing, but a listener that nobody asked for is reached by nobody who could not reach the other one. */
const nextTo = ({ port, ...host }: ListenAddress): ListenAddress => {
  if (port === 65_535) {
    throw new ConfigError(
      'NODETASK_PROBE_LISTEN / --probe-listen is not set, and there is no port after the port 65535 of --listen. Set it.',
    );
  }
  // 0: any port that is free.
  return { ...host, port: port === 0 ? 0 : port + 1 };
};

const chooseCluster = (host: string, given: z.output<typeof schema>): ClusterConfig => {
  if (given.podName === undefined) {
    throw new ConfigError(
      'POD_NAME is not set although KUBERNETES_SERVICE_HOST is: results could not be reported. Set it by the downward API (metadata.name).',
    );
  }
  return { host, port: given.kubernetesPort, serviceAccountFolder: resolve(given.serviceAccountDir) };
};
