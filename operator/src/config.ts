import { resolve } from 'node:path';
import { type LogLevel, logLevels } from '@nodetask/runtime';
import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';

/**
 * The options of the operator, in three stages: text from flags and environment (flags win), checked by zod with defaults filled
 * in, and OperatorConfig, in which paths are absolute and times are in milliseconds.
 */
export interface OperatorConfig {
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
  readonly listen: { readonly host: string; readonly port: number };
  /** Bearer token of the agents; absent: none is sent. */
  readonly agentTokenFile?: string;
  /** NodeTasks in work at the same time. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty';
  /** From SIGTERM to the hard end. */
  readonly graceMs: number;
  /** Name of this instance in the Lease and in events. */
  readonly podName: string;
}

/** The command line or the environment is wrong; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What the command line asks for: run with a config, or print a text and end with 0. */
export type OperatorCommand = { readonly run: OperatorConfig } | { readonly print: string };

interface OptionSpec {
  /** As commander derives it from the long flag. */
  readonly key: keyof typeof rawSchema.shape;
  readonly flags: string;
  readonly env: string;
  readonly describe: string;
}

const options: readonly OptionSpec[] = [
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
    describe: 'name of the Lease, which must never be deleted: it holds the fence; default nodetask-operator',
  },
  {
    key: 'listen',
    flags: '--listen <host:port>',
    env: 'NODETASK_LISTEN',
    describe: 'address of /healthz, /readyz and /metrics; default 0.0.0.0:8080',
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
  {
    key: 'podName',
    flags: '--pod-name <name>',
    env: 'POD_NAME',
    describe: 'name of this instance (downward API); default nodetask-operator',
  },
];

const path = z.string().min(1).max(4096);
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a name of lower-case letters, digits, "-" and "."');

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]*):\d{1,5}$/, 'must be <host>:<port>, :<port> or [<IPv6 address>]:<port>')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
    return { host: host === '' ? '0.0.0.0' : host, port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, 'must have a port from 0 to 65535');

const rawSchema = z.object({
  kubeconfig: path.optional(),
  namespace: z.array(dnsName).max(256).default([]),
  leaderElect: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false),
  leaseNamespace: dnsName.optional(),
  leaseName: dnsName.default('nodetask-operator'),
  listen: listenAddress.default({ host: '0.0.0.0', port: 8080 }),
  agentTokenFile: path.optional(),
  concurrency: wholeNumber(1, 1000).default(16),
  logLevel: z.enum(logLevels).default('info'),
  logFormat: z.enum(['json', 'pretty']).optional(),
  graceSeconds: wholeNumber(1, 3600).default(25),
  podName: dnsName.default('nodetask-operator'),
});

export interface ConfigSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isTerminal: boolean;
}

/** @throws ConfigError */
export const readOperatorCommand = (sources: ConfigSources): OperatorCommand => {
  const command = program(sources.version);
  const printed: string[] = [];
  command.configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined });
  try {
    command.parse([...sources.argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed.join('') };
    throw new ConfigError(`${error.message.replace(/^error: /, '')}\nSee nodetask-operator --help.`, { cause: error });
  }
  return { run: compile(collect(sources.env, command.opts()), sources.isTerminal) };
};

const program = (version: string): Command => {
  const command = new Command('nodetask-operator')
    .description('Watches NodeTasks and has the agents of their target pods run them.')
    .version(version)
    .exitOverride()
    .allowExcessArguments(false);
  for (const { flags, env, describe } of options) command.addOption(new Option(flags, `${describe} [${env}]`));
  return command;
};

const collect = (
  env: ConfigSources['env'],
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    options.map(({ key, env: name }) => {
      const text = env[name] === '' ? undefined : env[name];
      return [key, flags[key] ?? (key === 'namespace' ? list(text) : text)];
    }),
  );

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const compile = (raw: Readonly<Record<string, unknown>>, isTerminal: boolean): OperatorConfig => {
  const parsed = rawSchema.safeParse(raw);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, raw)).join('\n'));
  const given = parsed.data;
  return {
    ...(given.kubeconfig === undefined ? {} : { kubeconfig: given.kubeconfig }),
    namespaces: [...new Set(given.namespace)],
    leaderElect: given.leaderElect,
    ...(given.leaseNamespace === undefined ? {} : { leaseNamespace: given.leaseNamespace }),
    leaseName: given.leaseName,
    listen: given.listen,
    ...(given.agentTokenFile === undefined ? {} : { agentTokenFile: resolve(given.agentTokenFile) }),
    concurrency: given.concurrency,
    logLevel: given.logLevel,
    logFormat: given.logFormat ?? (isTerminal ? 'pretty' : 'json'),
    graceMs: given.graceSeconds * 1000,
    podName: given.podName,
  };
};

const describeIssue = (issue: z.core.$ZodIssue, raw: Readonly<Record<string, unknown>>): string => {
  const key = String(issue.path[0]);
  const option = options.find((candidate) => candidate.key === key);
  const name = option === undefined ? key : `${option.env} / ${option.flags.split(' ')[0] ?? ''}`;
  return `${name} is ${JSON.stringify(raw[key] ?? '').slice(0, 256)}: ${issue.message}`;
};
