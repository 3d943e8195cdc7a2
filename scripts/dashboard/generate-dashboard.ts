/** Writes charts/nodetask/dashboards/nodetask.json. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../steps.ts';
import { nodeTaskDashboard } from './nodetask-dashboard.ts';

const folder = join(root, 'charts', 'nodetask', 'dashboards');
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'nodetask.json'), `${JSON.stringify(nodeTaskDashboard(), null, 2)}\n`);
