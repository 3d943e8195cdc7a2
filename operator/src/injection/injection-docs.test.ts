import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { annotationNames, injectedAnnotation } from './annotations.ts';

test('the table of docs/injection.md has every annotation', () => {
  const page = readFileSync(new URL('../../../docs/injection.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(nodetask\.dev\/[a-z-]+)`/gm)].map(([, name]) => name);
  assert.deepEqual(rows, [...annotationNames, injectedAnnotation]);
});
