import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { startControlPlane } from '../src/control-plane.ts';
import type { ControlPlane } from '../src/control-plane.ts';
import { installCustomResources } from '../src/kube/install.ts';
import { installOtherCustomResources } from '../src/kube/other-crds.ts';
import { PROJECT_ROOT, projectPath } from '../src/paths.ts';
import { blocks } from './support/markdown.ts';

/** Every manifest in a page is one that a real API server takes: with the CRD, and those of the projects that it is for. */
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ namespace: z.string().optional() }),
});

/** Groups whose CRDs the testbed has not: what is of them is only read. */
const unknownGroups = new Set(['argoproj.io']);

let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane();
  await installCustomResources(controlPlane.admin);
  await installOtherCustomResources(controlPlane.admin);
});

after(async () => {
  await controlPlane.stop();
});

const documentsOf = (block: string): readonly unknown[] =>
  parseAllDocuments(block).map((document) => {
    assert.deepEqual(document.errors, [], block);
    return document.toJS() as unknown;
  });

/** The manifests of a page; what is part of one, or the values of a chart, must be YAML, and no more. */
const manifestsOf = (markdown: string): readonly z.output<typeof Manifest>[] =>
  blocks(markdown, 'yaml')
    .flatMap(documentsOf)
    .flatMap((document) => Manifest.safeParse(document).data ?? [])
    .filter(({ apiVersion }) => !unknownGroups.has(apiVersion.split('/')[0] ?? ''));

const pages = async (): Promise<ReadonlyMap<string, readonly z.output<typeof Manifest>[]>> => {
  const found = new Map<string, readonly z.output<typeof Manifest>[]>();
  const markdown = glob('{README.md,{docs,examples,charts}/**/*.md}', {
    cwd: PROJECT_ROOT,
    exclude: (name) => name === 'node_modules',
  });
  for await (const file of markdown) {
    const manifests = manifestsOf(await readFile(projectPath(file), 'utf8'));
    if (manifests.length > 0) found.set(file, manifests);
  }
  return found;
};

test(
  'every manifest in README, docs, examples and charts is taken by the API server',
  { timeout: 300_000 },
  async (t) => {
    const all = await pages();
    assert.ok(all.size >= 13, `only ${[...all.keys()].join(', ')} hold manifests`);
    const namespaces = [...all.values()].flat().flatMap(({ metadata }) => metadata.namespace ?? []);
    for (const namespace of new Set(namespaces)) {
      const existing = await controlPlane.admin.get(`/api/v1/namespaces/${namespace}`);
      if (existing === undefined) await controlPlane.createNamespace(namespace);
    }
    for (const [file, manifests] of all) {
      await t.test(`${file}: ${String(manifests.length)}`, async () => {
        const list = { apiVersion: 'v1', kind: 'List', items: manifests };
        const args = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
        const { code, stdout, stderr } = await controlPlane.kubectl(args, { input: JSON.stringify(list) });
        assert.equal(code, 0, stderr);
        assert.equal(stdout.trim().split('\n').length, manifests.length, stdout);
      });
    }
  },
);
