import type { LogFields } from '@nodetask/shared';
import { toPlain } from './log-values.ts';
import { redactText } from './redact.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogEntry {
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** The most characters of a line. */
export const maxLine = 16 * 1024;
const maxMessage = 4096;

const reserved = new Set(['timestamp', 'level', 'message']);

/** One JSON object in one line: timestamp, level, message, then the fields; a field with one of these names gets a `_` behind. */
export const jsonLine = (entry: LogEntry): string => {
  const head = {
    timestamp: entry.at.toISOString(),
    level: entry.level,
    message: cutMessage(entry.message),
  };
  const line = escapeUnseen(JSON.stringify({ ...head, ...plainFields(entry.fields) }));
  if (line.length <= maxLine) return line;
  // A sixth of the line for both texts: escaping makes a character six at most, and the line stays JSON.
  const short = maxLine / 16;
  return escapeUnseen(
    JSON.stringify({
      ...head,
      message: head.message.slice(0, short),
      truncated: line.length,
      start: line.slice(0, short),
    }),
  );
};

const colours: Record<LogLevel, string> = { error: '31', warn: '33', info: '36', debug: '90' };

/** For people at a terminal: time, level, message, fields as name=value; stacks on lines of their own. */
export const prettyLine = (entry: LogEntry): string => {
  const time = entry.at.toISOString().slice(11, 23);
  const level = `\u001b[${colours[entry.level]}m${entry.level.toUpperCase().padEnd(5)}\u001b[0m`;
  const stacks: string[] = [];
  const fields = Object.entries(plainFields(entry.fields)).map(([name, value]) => {
    if (isPlainError(value)) {
      stacks.push(...value.stack.split('\n').slice(0, 20));
      return `${escapeUnseen(name)}=${escapeUnseen(JSON.stringify(value.message))}`;
    }
    return `${escapeUnseen(name)}=${escapeUnseen(typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value))}`;
  });
  const line = [time, level, escapeUnseen(cutMessage(entry.message)), ...fields].join(' ').slice(0, maxLine);
  return [line, ...stacks.map((stack) => `      ${escapeUnseen(stack)}`)].join('\n');
};

const isPlainError = (value: unknown): value is { readonly message: string; readonly stack: string } =>
  typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string';

const plainFields = (fields: LogFields): Readonly<Record<string, unknown>> => {
  const plain = toPlain(fields) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [reserved.has(name) ? `${name}_` : name, value]),
  );
};

const cutMessage = (message: string): string => {
  const text = redactText(message);
  return text.length <= maxMessage ? text : `${text.slice(0, maxMessage)}…`;
};

/** Control, bidirectional and line separator characters as \uXXXX: nobody forges a line or paints a terminal. */
// eslint-disable-next-line no-control-regex -- these are the characters that it is about
const unseen = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escapeUnseen = (text: string): string =>
  text.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
