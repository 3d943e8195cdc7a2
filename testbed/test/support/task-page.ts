// What a page of docs/tasks/ claims, for a test to hold it to.
import { readFile } from 'node:fs/promises';
import type { TaskType } from '@nodetask/shared';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectPath } from '../../src/paths.ts';
import { blocks, sectionOf } from './markdown.ts';

const Statement = z.strictObject({
  Effect: z.literal('Allow'),
  Action: z.array(z.string()).min(1),
  Resource: z.union([z.string(), z.array(z.string())]),
});
const Policy = z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(Statement).min(1) });

export type PolicyStatement = z.output<typeof Statement>;

export interface TaskPage {
  readonly manifest: unknown;
  /** The result that it shows. */
  readonly sample: unknown;
  /** Of the IAM policies that it shows, in their order. */
  readonly statements: readonly PolicyStatement[];
}

export const readTaskPage = async (type: TaskType): Promise<TaskPage> => {
  const text = await readFile(projectPath('docs', 'tasks', `${type}.md`), 'utf8');
  const [manifest] = blocks(text, 'yaml');
  const [sample] = blocks(sectionOf(text, 'Output'), 'yaml');
  if (manifest === undefined || sample === undefined)
    throw new Error(`docs/tasks/${type}.md has no manifest or no sample`);
  const policies = blocks(text, 'json').map((block) => Policy.parse(JSON.parse(block)));
  return {
    manifest: parse(manifest),
    sample: parse(sample),
    statements: policies.flatMap((policy) => policy.Statement),
  };
};

/** What a value is made of: members by name, kinds of plain values, the different shapes of the items of a list. */
export const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((item: unknown) => [JSON.stringify(shapeOf(item)), shapeOf(item)]));
    return [...shapes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, shape]) => shape);
  }
  if (typeof value !== 'object' || value === null) return typeof value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, shapeOf(member)]));
};
