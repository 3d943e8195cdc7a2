import assert from 'node:assert/strict';
import type { NodeTask } from '@nodetask/shared';

/** status.history has these lines, the newest first, and no other. */
export const assertHistory = ({ status }: NodeTask, lines: readonly RegExp[]): void => {
  const history = status?.history ?? [];
  assert.equal(history.length, lines.length, history.join('\n'));
  for (const [index, line] of lines.entries()) assert.match(history[index] ?? '', line);
};
