/** Writes deploy/: the chart's objects with the default values, as manifests for `kubectl apply -k`. Needs Helm (built where it is missing). */
import { glob, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderDeploy } from '../src/render-deploy.ts';

const folder = fileURLToPath(new URL('../../deploy/', import.meta.url));
const files = await renderDeploy();
const header = '# Generated from charts/nodetask: do not edit, run "npm run generate".\n';

/** Written by hand. */
const others: ReadonlySet<string> = new Set(['namespace.yaml', 'agent-namespace/kustomization.yaml']);

for await (const file of glob('**/*.yaml', { cwd: folder }))
  if (!others.has(file) && !files.has(file)) await rm(`${folder}${file}`);
await Promise.all([...files].map(async ([file, text]) => writeFile(`${folder}${file}`, header + text)));
