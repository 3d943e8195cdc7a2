import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../steps.ts';
import { anchorsOf, relativeLinks } from './markdown-links.ts';

const ignored = new Set(['node_modules', 'dist', '.git']);

const pages = async (): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for await (const file of glob('**/*.md', { cwd: root, exclude: (name) => ignored.has(name) }))
    found.set(file, await readFile(join(root, file), 'utf8'));
  return found;
};

test('each link in a page leads to a file, and to a heading where it names one', async () => {
  const all = await pages();
  assert.ok(all.size > 40, `only ${all.size} pages`);
  const anchors = new Map([...all].map(([file, text]) => [file, anchorsOf(text)]));
  const broken: string[] = [];
  for (const [page, text] of all) {
    for (const { target, file, anchor } of relativeLinks(page, text)) {
      if (file.startsWith('..') || !existsSync(join(root, file))) broken.push(`${page}: there is no ${target}`);
      else if (anchor !== undefined && anchors.get(file)?.has(anchor) !== true)
        broken.push(`${page}: ${target} is no heading of it`);
    }
  }
  assert.deepEqual(broken, []);
});

test('finds links of each kind, and none in code', () => {
  const text = '[a](b.md) ![c](../d.png "e") [f](#g-h) [i](https://j) `[k](l)`\n\n```md\n[m](n)\n```\n\n[o]: p.md#q\n';
  assert.deepEqual(
    relativeLinks('docs/x.md', text).map(({ file, anchor }) => [file, anchor]),
    [
      ['docs/b.md', undefined],
      ['d.png', undefined],
      ['docs/x.md', 'g-h'],
      ['docs/p.md', 'q'],
    ],
  );
});

test('makes anchors as GitHub does', () => {
  const text =
    "# What `a.b` does, isn't it\n\n## [Link](x) & more\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n";
  assert.deepEqual([...anchorsOf(text)], ['what-ab-does-isnt-it', 'link--more', 'twice', 'twice-1']);
});
