import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { chart } from './chart.ts';

const status = ['spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'status', 'properties'];

/**
 * The chart as it was before status had `field`: a copy in `folder` with an older version, whose CRD lacks it.
 * @returns its path.
 */
export const olderChart = async (folder: string, field: string): Promise<string> => {
  const path = join(folder, 'older-chart');
  await cp(chart, path, { recursive: true });
  const version = join(path, 'Chart.yaml');
  await writeFile(version, (await readFile(version, 'utf8')).replaceAll(/^(version|appVersion): .*$/gm, '$1: 0.0.9'));
  const file = join(path, 'files', 'nodetasks-crd.yaml');
  const crd = parseDocument(await readFile(file, 'utf8'));
  if (!crd.deleteIn([...status, field])) throw new Error(`status has no field ${field}`);
  await writeFile(file, crd.toString({ lineWidth: 0 }));
  return path;
};
