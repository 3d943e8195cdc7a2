import { structuralFromZod } from '../crd/zod-to-structural.ts';
import { taskParams } from '../params/registry.ts';
import { daemonTypes, type TaskType, taskTypes } from '../task-type.ts';
import { fieldRows, fieldTable } from './field-table.ts';
import { code, page } from './markdown.ts';
import { taskFailures } from './task-failures.ts';
import { taskSummaries } from './task-summaries.ts';

/** docs/reference/tasks.md */
export const tasksPage = (): string =>
  page(
    '# Task types',
    `Every task is idempotent: run again, it leads to the same end and says \`outcome: unchanged\` where there was nothing to do. Unknown params are refused. Every type runs once or by a schedule; only ${daemonTypes.map(code).join(' and ')} run as a daemon. What any of them may fail with is in [errors.md](errors.md). How each is used, what it needs and what it changes: [tasks](../tasks/README.md).`,
    taskTypes.map((type) => `- [${type}](#${type})`).join('\n'),
    ...taskTypes.flatMap((type) => section(type)),
  );

const section = (type: TaskType): readonly string[] => {
  const { does, output } = taskSummaries[type];
  const schema = structuralFromZod(taskParams[type].object, type, { defaults: true, rules: true });
  const rows = fieldRows(schema, '', new Set());
  return [
    `## ${type}`,
    does,
    rows.length === 0 ? 'No params.' : fieldTable(rows),
    ...(taskParams[type].rules.length === 0
      ? []
      : ['Rules:', taskParams[type].rules.map(({ message }) => `- ${message}`).join('\n')]),
    `**Output:** ${output}`,
    failures(type),
  ];
};

const failures = (type: TaskType): string => {
  const file = `../tasks/${type}.md`;
  const codes = taskFailures[type].map(code).join(', ');
  return codes === ''
    ? `More: [${type}](${file}).`
    : `**Fails with:** ${codes}; [what to do](${file}#what-may-go-wrong).`;
};
