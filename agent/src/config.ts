import { join, resolve } from 'node:path';
import { agentPort } from '@nodetask/shared';
import { type LogLevel, logLevels } from '@nodetask/runtime';
import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';
import { isLoopback, type ListenAddress, listenAddress } from './listen-address.ts';

/**
 * The options of the agent, in three stages: text from flags and environment (flags win), checked by zod with defaults filled
 * in, and AgentConfig, in which every path is absolute and every time is in milliseconds.
 */
export interface AgentConfig {
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
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty';
  /** From SIGTERM to the hard end. */
  readonly graceMs: number;
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

/** The command line or the environment is wrong; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What the command line asks for: run with a config, or print a text and end with 0. */
export type AgentCommand = { readonly run: AgentConfig } | { readonly print: string };

interface OptionSpec {
  /** As commander derives it from the long flag. */
  readonly key: keyof typeof rawSchema.shape;
  readonly flags: string;
  readonly env: string;
  readonly describe: string;
}

const options: readonly OptionSpec[] = [
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
  {
    key: 'logLevel',
    flags: '--log-level <level>',
    env: 'NODETASK_LOG_LEVEL',
    describe: `${logLevels.join(', ')}; default info`,
  },
  {
    key: 'logFormat',
    flags: '--log-format <format>',
    env: 'NODETASK_LOG_FORMAT',
    describe: 'json, or pretty for people (only on a terminal); default pretty on a terminal',
  },
  {
    key: 'graceSeconds',
    flags: '--grace-seconds <seconds>',
    env: 'NODETASK_GRACE_SECONDS',
    describe: 'seconds from SIGTERM to the hard end; default 25, below the 30 of a pod',
  },
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

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

const rawSchema = z.object({
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
  logLevel: z.enum(logLevels).default('info'),
  logFormat: z.enum(['json', 'pretty']).optional(),
  graceSeconds: wholeNumber(1, 3600).default(25),
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

export interface ConfigSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isTerminal: boolean;
}

/** @throws ConfigError */
export const readAgentCommand = (sources: ConfigSources): AgentCommand => {
  const command = program(sources.version);
  const printed: string[] = [];
  command.configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined });
  try {
    command.parse([...sources.argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed.join('') };
    throw new ConfigError(`${error.message.replace(/^error: /, '')}\nSee nodetask-agent --help.`, { cause: error });
  }
  return { run: compile(collect(sources.env, command.opts()), sources.isTerminal) };
};

const program = (version: string): Command => {
  const command = new Command('nodetask-agent')
    .description('Runs operational tasks on the node beside it, and answers for them over HTTP.')
    .version(version)
    .exitOverride()
    .allowExcessArguments(false);
  for (const { flags, env, describe } of options) {
    command.addOption(new Option(flags, `${describe} [${env}]`));
  }
  return command.addHelpText(
    'after',
    '\nIn a pod, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name the API server to which results are reported.\n',
  );
};

const collect = (
  env: ConfigSources['env'],
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const raw: Record<string, unknown> = {
    kubernetesHost: notEmpty(env['KUBERNETES_SERVICE_HOST']),
    kubernetesPort: notEmpty(env['KUBERNETES_SERVICE_PORT']),
  };
  for (const { key, env: name } of options) {
    const text = notEmpty(env[name]);
    raw[key] = flags[key] ?? (key === 'allowHost' ? list(text) : text);
  }
  return raw;
};

const notEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const compile = (raw: Readonly<Record<string, unknown>>, isTerminal: boolean): AgentConfig => {
  const parsed = rawSchema.safeParse(raw);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, raw)).join('\n'));
  const given = parsed.data;
  const home = resolve(given.home);
  return {
    listen: chooseListen(given.listen, given.tokenFile !== undefined),
    ...(given.tokenFile === undefined ? {} : { tokenFile: resolve(given.tokenFile) }),
    nodeRPC: given.nodeRpc.replace(/\/$/, ''),
    allowHosts: given.allowHost,
    home,
    stateFolder: given.stateDir === undefined ? join(home, '.nodetask') : resolve(given.stateDir),
    logLevel: given.logLevel,
    logFormat: given.logFormat ?? (isTerminal ? 'pretty' : 'json'),
    graceMs: given.graceSeconds * 1000,
    ...(given.podName === undefined ? {} : { podName: given.podName }),
    ...(given.podUid === undefined ? {} : { podUID: given.podUid }),
    ...(given.namespace === undefined ? {} : { namespace: given.namespace }),
    ...(given.kubernetesHost === undefined ? {} : { cluster: chooseCluster(given.kubernetesHost, given) }),
  };
};

const chooseCluster = (host: string, given: z.output<typeof rawSchema>): ClusterConfig => {
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

const describeIssue = (issue: z.core.$ZodIssue, raw: Readonly<Record<string, unknown>>): string => {
  const key = String(issue.path[0]);
  const option = options.find((candidate) => candidate.key === key);
  const name =
    option === undefined
      ? key.replace('kubernetes', 'KUBERNETES_SERVICE_').toUpperCase()
      : `${option.env} / ${option.flags.split(' ')[0] ?? ''}`;
  return `${name} is ${quote(raw[key])}: ${issue.message}`;
};

const quote = (value: unknown): string => JSON.stringify(value ?? '').slice(0, 256);
