import type { JsonObject } from '@nodetask/shared';
import { fittingBytes } from '../bounded-list.ts';

/** ERROR makes a configuration invalid; WARNING and INFO do not. */
export const severities = ['ERROR', 'WARNING', 'INFO'] as const;
export type Severity = (typeof severities)[number];

/** Something to say about a configuration. `field` is a registry key, or the part that the message is about. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly field: string;
  readonly message: string;
}

export const isValid = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.every((diagnostic) => diagnostic.severity !== 'ERROR');

/** For the output of a task, errors first, as many as the bytes allow; the last one says how many are left out. */
export const diagnosticsOutput = (diagnostics: readonly Diagnostic[], bytes = 10 * 1024): readonly JsonObject[] => {
  const sorted = severities.flatMap((severity) => diagnostics.filter((diagnostic) => diagnostic.severity === severity));
  const fitting = fittingBytes(sorted, bytes);
  const missing = sorted.length - fitting.length;
  const rest: readonly Diagnostic[] =
    missing === 0 ? [] : [{ severity: 'INFO', field: 'diagnostics', message: `${missing} more are left out` }];
  return [...fitting, ...rest].map(({ severity, field, message }) => ({ severity, field, message }));
};

/** The errors in one sentence, for the message of a failed task. */
export const summarize = (diagnostics: readonly Diagnostic[]): string => {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'ERROR');
  const shown = errors.slice(0, 3).map(({ field, message }) => `${field}: ${message}`);
  const more = errors.length > shown.length ? `; and ${errors.length - shown.length} more in output.diagnostics` : '';
  return `${shown.join('; ')}${more}`;
};
