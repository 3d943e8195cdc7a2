import { redactText } from '@nodetask/runtime';
import { type ErrorCode, type Fault, TaskError } from '@nodetask/shared';
import type * as z from 'zod';
import { quoteValue } from './quote-value.ts';

const maxFaults = 32;
const maxMessage = 256;

/** Parses input from outside; every fault is named with its place and the offending value. @throws TaskError */
export const parseInput = <Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  code: ErrorCode,
  what: string,
): z.output<Schema> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error.issues, input);
  throw new TaskError(
    code,
    `${what}: ${faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')}`,
    {
      details: { faults: faults.map((fault) => ({ ...fault })) },
    },
  );
};

/** One fault for each issue, at most 32. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[], input: unknown): readonly Fault[] =>
  issues.slice(0, maxFaults).map((issue) => {
    const value = at(input, issue.path);
    const got =
      value === undefined || issue.code === 'unrecognized_keys' ? '' : ` (got ${quoteValue(value, issue.path)})`;
    return { path: pathText(issue.path), message: `${cut(redactText(escape(issue.message)))}${got}` };
  });

/** params.files."config.toml"[0] */
export const pathText = (path: readonly PropertyKey[]): string =>
  cut(
    path
      .map((part, index) => {
        if (typeof part === 'number') return `[${String(part)}]`;
        const name = String(part);
        return (index === 0 ? '' : '.') + (/^[\w-]+$/.test(name) ? name : escape(JSON.stringify(name)));
      })
      .join(''),
  );

const at = (input: unknown, path: readonly PropertyKey[]): unknown => {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
};

const escape = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));

const cut = (text: string): string => (text.length <= maxMessage ? text : `${text.slice(0, maxMessage)}…`);
