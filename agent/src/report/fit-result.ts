import { maxErrorCharacters, maxRunRecords, type Progress, type RunRecord, type TaskResult } from '@nodetask/shared';

/** A TaskResult as it may stand on status: without params. */
export type StatusResult = Omit<TaskResult, 'params'>;

/** The agent's part of a row. */
export interface FittedRow {
  readonly result: StatusResult;
  readonly runs: readonly RunRecord[];
}

/** The run that is going, and the one before it: what conditions are made of. */
const runsThatCount = 2;

/**
 * `result` and `runs` as they fit together into `maxBytes` of JSON. The oldest runs go first; the newest two stay beside a smaller
 * result, and give up their words only where even the least result would not fit.
 */
export const fitRow = (result: TaskResult, runs: readonly RunRecord[], maxBytes: number): FittedRow => {
  const shown = fitRuns(runs);
  const newest = shown.slice(0, runsThatCount);
  const least = bytesOf(leastResult(result));
  const must =
    [newest, leastRuns(newest), leastRuns(newest.slice(0, 1))].find((some) => least + bytesOf(some) <= maxBytes) ?? [];
  const fitted = fitResult(result, maxBytes - bytesOf(must));
  if (must !== newest) return { result: fitted, runs: must };
  const room = maxBytes - bytesOf(fitted);
  let count = shown.length;
  while (count > newest.length && bytesOf(shown.slice(0, count)) > room) count--;
  return { result: fitted, runs: shown.slice(0, count) };
};

const maxRunError = 128;

/**
 * The result as it fits into `maxBytes` of JSON. What is worth least goes first: progress (of a daemon that has stalled most of its last
 * error), the output (a note says where the whole is), most of the error, of the message and of the warnings, the schedule; in the end the
 * least result is left. Always valid against the schema.
 */
export const fitResult = (result: TaskResult, maxBytes: number): StatusResult => {
  const { params: _params, ...whole } = clean(result);
  const full: StatusResult = {
    ...whole,
    ...(whole.error === undefined ? {} : { error: cut(whole.error, maxErrorCharacters) }),
  };
  const { progress, ...noProgress } = full;
  const withoutProgress: StatusResult =
    progress?.lastError === undefined
      ? noProgress
      : { ...noProgress, progress: leastProgress(progress, progress.lastError) };
  const withNote: StatusResult =
    withoutProgress.output === undefined ? withoutProgress : { ...withoutProgress, output: omittedOutput(result) };
  const { output: _output, ...withoutOutput } = withNote;
  // One warning says that there are some; the rest is at the agent.
  const [warning] = withoutOutput.warnings ?? [];
  const short: StatusResult = {
    ...withoutOutput,
    ...(withoutOutput.error === undefined ? {} : { error: cut(withoutOutput.error, maxRunError) }),
    ...(withoutOutput.message === undefined ? {} : { message: cut(withoutOutput.message, maxRunError) }),
    ...(warning === undefined ? {} : { warnings: [cut(warning, maxRunError)] }),
  };
  for (const candidate of [full, withoutProgress, withNote, withoutOutput, short]) {
    if (bytesOf(candidate) <= maxBytes) return candidate;
  }
  return leastResult(result);
};

/** What a NodeTask must know at the least: for where everything else was refused. */
export const leastResult = (result: TaskResult): StatusResult => {
  const {
    id,
    type,
    status,
    submittedAt,
    completedAt,
    nextRunAt,
    run,
    outcome,
    reason,
    errorCode,
    retriable,
    cancelled,
  } = result;
  return clean(
    withoutUndefined({
      id,
      type,
      status,
      submittedAt,
      completedAt,
      nextRunAt,
      run,
      outcome,
      reason,
      errorCode,
      retriable,
      cancelled,
    }),
  );
};

/** The runs of a schedule as they stand on status. */
export const fitRuns = (runs: readonly RunRecord[]): readonly RunRecord[] =>
  runs.slice(0, maxRunRecords).map((run) => {
    const cleaned = clean(run);
    return cleaned.error === undefined ? cleaned : { ...cleaned, error: cut(cleaned.error, maxRunError) };
  });

/** The runs without their words, to go with the least result. */
export const leastRuns = (runs: readonly RunRecord[]): readonly RunRecord[] =>
  runs.slice(0, maxRunRecords).map(({ error: _error, message: _message, ...rest }) => rest);

/** That a daemon has stalled, since when, and by which error. */
const leastProgress = (
  { stage, done, unit, at, stalledSince }: Progress,
  { code, message }: NonNullable<Progress['lastError']>,
): Progress => ({
  stage,
  done,
  unit,
  at,
  ...(stalledSince === undefined ? {} : { stalledSince }),
  lastError: { code, message: cut(message, maxRunError / 2) },
});

const omittedOutput = ({ id, output }: TaskResult): Readonly<Record<string, unknown>> & Record<string, unknown> => ({
  omitted: `${String(bytesOf(output))} bytes; the whole is at GET /v0/tasks/${id} of the agent`,
});

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Never through the middle of a character. */
const cut = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const end = most - 1;
  const isSplit = /[\ud800-\udbff]/.test(text.charAt(end - 1));
  return `${text.slice(0, isSplit ? end - 1 : end)}…`;
};

/** The same value, its texts without what could paint a terminal or forge a line: control and bidirectional characters. */
const clean = <T>(value: T): T => cleanValue(value) as T;

const cleanValue = (value: unknown): unknown => {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [cleanText(name), cleanValue(member)]));
};

const cleanText = (text: string): string =>
  text
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '')
    .toWellFormed();

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
