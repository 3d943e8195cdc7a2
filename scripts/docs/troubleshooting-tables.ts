import { s3ErrorCodes } from '../../agent/src/objectstore/s3-error-codes.ts';
import { eventReasons } from '../../operator/src/controller/event-reasons.ts';
import { reasonGroups, type ReasonEntry } from '../../operator/src/controller/reasons.ts';
import { cell, code, table } from '../../shared/src/docs/markdown.ts';
import { taskFailures } from '../../shared/src/docs/task-failures.ts';
import { type ErrorCode, errorCodeEntry, errorCodes } from '../../shared/src/error-codes.ts';
import { taskTypes } from '../../shared/src/task-type.ts';

const titles: Readonly<Record<keyof typeof reasonGroups, string>> = {
  unseen: 'Before any operator (Ready=Unknown)',
  outOfReach: 'No agent to ask (Reconciling, then Stalled)',
  onTheWay: 'On the way (Reconciling, or Ready=False)',
  stuck: 'Ended badly, or cannot go on (Stalled)',
  ofTheLastRun: 'Of the last run (LastRunSucceeded)',
  asItShouldBe: 'As it should be (Ready)',
};

const reasonTable = (reasons: Readonly<Record<string, ReasonEntry>>): string =>
  table(
    ['Reason', 'Meaning', 'What to do'],
    Object.entries(reasons).map(([name, { meaning, action }]) => [code(name), cell(meaning), cell(action)]),
  );

/** Every reason of a condition. */
export const reasonTables = (): string =>
  (Object.keys(titles) as (keyof typeof titles)[])
    .map((group) => `### ${titles[group]}\n\n${reasonTable(reasonGroups[group])}`)
    .join('\n\n');

/** Every reason of an event. */
export const eventTable = (): string => reasonTable(eventReasons);

/** Every error code, with the task types whose page says more of it. */
export const codeTable = (): string =>
  table(
    ['Code', 'Retriable', 'Meaning', 'What to do', 'More'],
    (Object.keys(errorCodes) as ErrorCode[]).map((name) => {
      const { meaning, action, retriable } = errorCodeEntry(name);
      const types = taskTypes.filter((type) => taskFailures[type].includes(name));
      const more = types.map((type) => `[${type}](tasks/${type}.md#what-may-go-wrong)`).join(', ');
      return [code(name), retriable ? 'yes' : 'no', cell(meaning), cell(action), more];
    }),
  );

/** The verdict on each error code of S3; codes with one verdict share a row. */
export const s3Table = (): string => {
  const verdicts = [...new Set(s3ErrorCodes.values())];
  return table(
    ["The store's code", 'Our code', 'Retriable', 'What to do'],
    verdicts.map((verdict) => {
      const names = [...s3ErrorCodes].filter(([, other]) => other === verdict).map(([name]) => code(name));
      return [names.join(', '), code(verdict.code), verdict.retriable ? 'yes' : 'no', cell(verdict.remedy)];
    }),
  );
};
