import { createHash } from 'node:crypto';

/** A place in a trace, in hexadecimal. */
export interface TracePlace {
  /** 32 digits. */
  readonly traceID: string;
  /** 16 digits. */
  readonly spanID: string;
  /** False: whoever began the trace does not want it to be recorded. */
  readonly sampled: boolean;
}

/** Reads a traceparent, which may come from anywhere; undefined for what is none. https://www.w3.org/TR/trace-context/#traceparent-header */
export const parseTraceParent = (text: string): TracePlace | undefined => {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text);
  if (match === null) return undefined;
  const [, traceID = '', spanID = '', flags = ''] = match;
  if (/^0+$/.test(traceID) || /^0+$/.test(spanID)) return undefined;
  return { traceID, spanID, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

export const formatTraceParent = ({ traceID, spanID, sampled }: TracePlace): string =>
  `00-${traceID}-${spanID}-${sampled ? '01' : '00'}`;

/**
 * The place of something that has names: the same names, the same place, in every process and after every restart. So a trace needs no
 * memory, and what arrives by another way than a call (a report on a NodeTask's status) is still found in it.
 */
export const computedTraceParent = (...names: readonly string[]): string => {
  const digest = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  return formatTraceParent({ traceID: digest.slice(0, 32), spanID: digest.slice(32, 48), sampled: true });
};

/** The place of a run of a task on an agent, if the run has a trace of its own. */
export const runTraceParent = (taskID: string, run: number): string => computedTraceParent('run', taskID, String(run));

/** The same span in another trace. */
export const inTraceOf = (trace: string, place: string): string => {
  const to = parseTraceParent(trace);
  const from = parseTraceParent(place);
  return to === undefined || from === undefined ? place : formatTraceParent({ ...to, spanID: from.spanID });
};
