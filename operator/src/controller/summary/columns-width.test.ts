import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxTargetTextCharacters, maxTargets, phases } from '@nodetask/shared';
import { reasons } from '../reasons.ts';
import { runningStatus, result, row, view } from '../testing/fixtures.ts';
import { progressColumn } from './columns.ts';

/** kubectl makes a column as wide as its widest cell, the heading included, and puts three blanks between two columns. */
const widthOf = (columns: Readonly<Record<string, readonly string[]>>): number => {
  const widths = Object.entries(columns).map(([heading, cells]) => Math.max(...[heading, ...cells].map(charactersOf)));
  return widths.reduce((sum, width) => sum + width + 3, -3);
};

const charactersOf = (text: string): number => Array.from(text).length;

const percentTexts = Array.from({ length: 101 }, (_, percent) => {
  const progress = { stage: 'download', done: percent, total: 100, unit: 'bytes', percent, at: '2026-01-01T00:00:00Z' };
  const status = runningStatus([row('sei-0', { result: result({ progress }) })]);
  return progressColumn(
    [{ view: view({ status }), verdict: { state: 'running', reason: 'Running', message: '' } }],
    '',
  );
});

/** Every cell that a table may have, for names of 16 characters and NodeTasks of less than two years. */
const columns = {
  NAME: ['x'.repeat(16)],
  TARGET: ['x'.repeat(maxTargetTextCharacters)],
  PHASE: phases,
  PROGRESS: [...percentTexts, `${maxTargets}/${maxTargets}`],
  REASON: Object.keys(reasons),
  AGE: ['119s', '9m59s', '7h59m', '7d23h', '729d'],
};

test('a table of kubectl get has at most 80 columns, whatever states its NodeTasks are in', () => {
  assert.equal(percentTexts.at(-1), '100 %');
  assert.equal(widthOf(columns), 80);
});

/** Beside the widest cells of all other columns. */
const roomFor = (column: keyof typeof columns): number => 80 - widthOf({ ...columns, [column]: [] }) + column.length;

const tooLong = (column: 'PHASE' | 'REASON'): readonly string[] =>
  columns[column].filter((cell) => cell.length > roomFor(column));

test('each reason and each phase fits into its column alone', () => {
  assert.deepEqual(tooLong('PHASE'), []);
  assert.deepEqual(tooLong('REASON'), []);
});
