import { immutabilityRules } from '../crd/immutability-rules.ts';
import { nodeTaskSchema } from '../crd/node-task-schema.ts';
import { printerColumns } from '../crd/printer-columns.ts';
import { groupVersion, kind, shortName } from '../names.ts';
import { fieldRows, fieldTable } from './field-table.ts';
import { cell, code, page, table } from './markdown.ts';

/** docs/reference/nodetask.md */
export const nodeTaskPage = (): string => {
  const { spec = {}, status = {} } = nodeTaskSchema().properties ?? {};
  return page(
    `# ${kind}`,
    `${code(groupVersion)}, namespaced, short name ${code(shortName)}. The params of each task type are in [tasks.md](tasks.md).`,
    '## spec',
    fieldTable(fieldRows(spec, '', new Set(['params']))),
    'What is fixed once it is created; everything else may change at any time:',
    immutabilityRules()
      .map(({ fieldPath = '', message }) => `- ${code(`spec${fieldPath}`)}: ${message}.`)
      .join('\n'),
    '## status',
    'An object that nobody has looked at yet has the status `{observedGeneration: -1, phase: Pending}`, so that Flux, Helm and Argo CD do not take it for ready.',
    fieldTable(fieldRows(status, '', new Set())),
    '## kubectl get',
    table(
      ['Column', 'Shown', 'Meaning'],
      printerColumns.map(({ name, description, priority }) => [
        name,
        priority === 1 ? 'with `-o wide`' : 'always',
        cell(description),
      ]),
    ),
  );
};
