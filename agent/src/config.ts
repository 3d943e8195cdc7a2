import { join, resolve } from 'node:path';
import { agentPort } from '@nodetask/shared';
import {
  type CommandLineSources,
  ConfigError,
  type OptionSpec,
  type ProcessConfig,
  type ProgramCommand,
  processConfig,
  processOptions,
  processSchema,
  quote,
  readCommandLine,
  wholeNumber,
} from '@nodetask/runtime/command-line';
import * as z from 'zod';
import { isLoopback, type ListenAddress, listenAddress } from './listen-address.ts';

/**
 * The options of the agent, in three stages: text from flags and environment (flags win), checked by zod with defaults filled
 * in, and AgentConfig, in which every path is absolute and every time is in milliseconds.
 */
export interface AgentConfig extends ProcessConfig {
  readonly listen: ListenAddress;
  /** File with the bearer token that callers must send; absent: loopback only, and no token. */
  readonly tokenFile?: string;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  /** Hosts that the egress check lets through although they are loopback, link-local or the like. */
  readonly allowHosts: readonly string[];
  /** Home of the node: config/ and data/. */
  readonly home: string;
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
    describe: `address of the HTTP API; default 127.0.0.1:${String(agentPort)} without a token, :${String(agentPort)} (all addresses) with one`,
  },
  {
    key: 'tokenFile',
    flags: '--token-file <path>',
    env: 'NODETASK_TOKEN_FILE',
    describe: 'file with the bearer token that callers must send; read again when it changes',
  },
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

const path = z.string().min(1).max(4096);
const dnsName = (what: string, most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, `must be the name of a ${what}`);

const schema = z.object({
  ...processSchema.shape,
  listen: z.string().optional(),
  tokenFile: path.optional(),
  nodeRpc: z
    .string()
    .regex(
      /^https?:\/\/[^\s/?#@]+\/?$/,
      'must be an http:// or https:// URL of a host, for instance http://127.0.0.1:26657',
    )
    .default('http://127.0.0.1:26657'),
  allowHost: z
    .array(z.string().regex(/^[^\s/@?#]{1,253}$/, 'must be a host name or an address, without scheme and path'))
    .max(256)
    .default([]),
  home: path.default('/sei'),
  stateDir: path.optional(),
  podName: dnsName('pod', 253).optional(),
  podUid: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'must be the UID of a pod')
    .optional(),
  namespace: dnsName('namespace', 63).optional(),
  serviceAccountDir: path.default('/var/run/secrets/kubernetes.io/serviceaccount'),
  kubernetesHost: z.string().min(1).optional(),
  kubernetesPort: wholeNumber(1, 65535).default(443),
});

/** @throws ConfigError */
export const readAgentCommand = (sources: CommandLineSources): ProgramCommand<AgentConfig> => {
  const command = readCommandLine(commandLine, sources);
  return 'run' in command ? { run: compile(command.run, sources.isTerminal) } : command;
};

const commandLine = {
  name: 'nodetask-agent',
  description: 'Runs operational tasks on the node beside it, and answers for them over HTTP.',
  options,
  schema,
  variables: { kubernetesHost: 'KUBERNETES_SERVICE_HOST', kubernetesPort: 'KUBERNETES_SERVICE_PORT' },
  helpText:
    '\nIn a pod, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name the API server to which results are reported.\n',
};

const compile = (given: z.output<typeof schema>, isTerminal: boolean): AgentConfig => {
  const home = resolve(given.home);
  return {
    listen: chooseListen(given.listen, given.tokenFile !== undefined),
    ...(given.tokenFile === undefined ? {} : { tokenFile: resolve(given.tokenFile) }),
    nodeRPC: given.nodeRpc.replace(/\/$/, ''),
    allowHosts: given.allowHost,
    home,
    stateFolder: given.stateDir === undefined ? join(home, '.nodetask') : resolve(given.stateDir),
    ...processConfig(given, isTerminal),
    ...(given.podName === undefined ? {} : { podName: given.podName }),
    ...(given.podUid === undefined ? {} : { podUID: given.podUid }),
    ...(given.namespace === undefined ? {} : { namespace: given.namespace }),
    ...(given.kubernetesHost === undefined ? {} : { cluster: chooseCluster(given.kubernetesHost, given) }),
  };
};

const chooseCluster = (host: string, given: z.output<typeof schema>): ClusterConfig => {
  if (given.podName === undefined) {
    throw new ConfigError(
      'POD_NAME is not set although KUBERNETES_SERVICE_HOST is: results could not be reported. Set it by the downward API (metadata.name).',
    );
  }
  return { host, port: given.kubernetesPort, serviceAccountFolder: resolve(given.serviceAccountDir) };
};

/** Without a token, whoever reaches the port may run tasks: then it must be loopback. */
const chooseListen = (text: string | undefined, authenticated: boolean): ListenAddress => {
  const parsed = listenAddress(text ?? (authenticated ? `:${String(agentPort)}` : `127.0.0.1:${String(agentPort)}`));
  if (parsed === undefined) {
    throw new ConfigError(
      `NODETASK_LISTEN / --listen is ${quote(text)}: give <host>:<port>, :<port> or [<IPv6 address>]:<port>, with a port from 0 to 65535.`,
    );
  }
  if (!authenticated && !isLoopback(parsed)) {
    throw new ConfigError(
      `NODETASK_LISTEN / --listen is ${quote(text)}, which is not a loopback address, and callers need no token. Set NODETASK_TOKEN_FILE / --token-file, or listen on 127.0.0.1.`,
    );
  }
  return parsed;
};
