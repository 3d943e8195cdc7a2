import { fileURLToPath } from 'node:url';
import { helmAlone, type HelmVersion, type KubeObject } from '@nodetask/testbed';
import { parseAllDocuments } from 'yaml';
import type * as z from 'zod';
import type { values } from '../../src/values.ts';

export const chart = fileURLToPath(new URL('../../nodetask', import.meta.url));
export const releaseNamespace = 'nodetask-system';

/** What users say. */
export type Values = z.input<typeof values>;

/** Arguments of helm that give it the values. */
export const withValues = (given: Values): readonly string[] =>
  Object.entries(given).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** What `helm template` prints. Throws with what it says where it refuses. */
export const renderText = async (given: Values = {}, version: HelmVersion = 'helm'): Promise<string> => {
  const release = ['template', 'nodetask', chart, '--namespace', releaseNamespace, '--kube-version', '1.30.0'];
  const { code, stdout, stderr } = await helmAlone([...release, ...withValues(given)], version);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

/** The objects of the chart, in the order in which Helm makes them. */
export const render = async (given: Values = {}, version: HelmVersion = 'helm'): Promise<readonly KubeObject[]> =>
  parseAllDocuments(await renderText(given, version)).flatMap((document) => {
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });

/** `<kind> <name>`, with the namespace where it is not the release's. */
export const titleOf = ({ kind, metadata: { name, namespace } }: KubeObject): string =>
  namespace === undefined || namespace === releaseNamespace ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
