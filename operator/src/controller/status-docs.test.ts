import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Condition } from '@nodetask/shared';
import { type Standing, standings } from './decision.ts';
import { conditionsFor } from './summary/conditions.ts';

const lines = readFileSync(new URL('../../../docs/reference/status.md', import.meta.url), 'utf8').split('\n');

/** Rows of the table whose header begins with `first`, as cells. */
const rowsUnder = (first: string): string[][] => {
  const tables: string[][] = [];
  let inside = false;
  for (const line of lines) {
    if (!line.startsWith('|')) inside = false;
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells[0] === first) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? '')) tables.push(cells);
  }
  return tables;
};

/** Conditions of a standing as the code sets them. */
const shown = (standing: Standing): Map<string, Condition['status']> => {
  const situation = { standing, phase: 'Pending', reason: 'Running', message: '' } as const;
  return new Map(conditionsFor(situation, [], 1, 0).map(({ type, status }) => [type, status]));
};

test('docs/reference/status.md shows the conditions of each standing as they are set', () => {
  const [, ...header] = [
    'Standing',
    'Ready',
    'Reconciling',
    'Stalled',
    'Complete',
    'Failed',
    'Finished',
    'Suspended',
  ] as const;
  const listed = rowsUnder('Standing').map((cells) => cells.slice(0, header.length + 1));
  assert.deepEqual(
    listed,
    standings.map((standing) => [`\`${standing}\``, ...header.map((type) => shown(standing).get(type) ?? '')]),
  );
});
