import { Command, CommanderError, Option } from 'commander';
import type * as z from 'zod';
import { ConfigError, quote } from './config-error.ts';

export interface OptionSpec<Key extends string = string> {
  /** As commander derives it from the long flag. */
  readonly key: Key;
  /** With `...>` at the end it is a list: repeatable, and in the variable with commas. */
  readonly flags: string;
  readonly env: string;
  readonly describe: string;
}

/**
 * The options of a program, in three stages: text from flags and environment (flags win), checked by zod with defaults filled in, and the
 * program's config, in which nothing has to be chosen any more.
 */
export interface CommandLine<Schema extends z.ZodObject, Config> {
  /** Of the program. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionSpec<keyof Schema['shape'] & string>[];
  /** Variables that have no flag, by key. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Checks the texts of all keys (and true for a flag without a value), and fills defaults in. */
  readonly schema: Schema;
  /** @throws ConfigError where options do not go together */
  readonly compile: (given: z.output<Schema>, isTerminal: boolean) => Config;
  /** Text behind the help. */
  readonly helpText?: string;
}

/** What a program was started with. */
export interface CommandLineSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isTerminal: boolean;
}

/** What the command line asks for: run with a config, or print a text and end with 0. */
export type ProgramCommand<Config> = { readonly run: Config } | { readonly print: string };

/** Reads flags and environment (flags win, an empty variable counts as none). @throws ConfigError */
export const readCommandLine = <Schema extends z.ZodObject, Config>(
  line: CommandLine<Schema, Config>,
  { argv, env, version, isTerminal }: CommandLineSources,
): ProgramCommand<Config> => {
  const command = commandOf(line, version);
  const printed: string[] = [];
  command.configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined });
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed.join('') };
    throw new ConfigError(`${error.message.replace(/^error: /, '')}\nSee ${line.name} --help.`, { cause: error });
  }
  const raw = collect(line, env, command.opts());
  const parsed = line.schema.safeParse(raw);
  if (parsed.success) return { run: line.compile(parsed.data, isTerminal) };
  throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(line, issue, raw)).join('\n'));
};

const commandOf = (line: Described, version: string): Command => {
  const command = new Command(line.name)
    .description(line.description)
    .version(version)
    .exitOverride()
    .allowExcessArguments(false);
  for (const { flags, env, describe } of line.options) command.addOption(new Option(flags, `${describe} [${env}]`));
  return line.helpText === undefined ? command : command.addHelpText('after', line.helpText);
};

/** What the parts below need of a command line, whatever its schema. */
type Described = Omit<CommandLine<z.ZodObject, unknown>, 'schema' | 'compile'>;

type Raw = Readonly<Record<string, unknown>>;

const collect = ({ options, variables = {} }: Described, env: CommandLineSources['env'], flags: Raw): Raw => {
  const variable = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return Object.fromEntries([
    ...Object.entries(variables).map(([key, name]) => [key, variable(name)]),
    ...options.map(({ key, flags: spelling, env: name }) => {
      const text = variable(name);
      return [key, flags[key] ?? (spelling.endsWith('...>') ? list(text) : text)];
    }),
  ]) as Raw;
};

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const describeIssue = ({ options, variables = {} }: Described, issue: z.core.$ZodIssue, raw: Raw): string => {
  const key = String(issue.path[0]);
  const option = options.find((candidate) => candidate.key === key);
  const name = option === undefined ? (variables[key] ?? key) : `${option.env} / ${option.flags.split(' ')[0] ?? ''}`;
  return `${name} is ${quote(raw[key])}: ${issue.message}`;
};
