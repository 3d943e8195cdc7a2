import type { Route } from './route.ts';
import { deleteTask } from './routes/delete-task.ts';
import { getMetrics } from './routes/get-metrics.ts';
import { getNodeId } from './routes/get-node-id.ts';
import { getOpenAPI } from './routes/get-openapi.ts';
import { getStatus } from './routes/get-status.ts';
import { getTask } from './routes/get-task.ts';
import { listTasks } from './routes/list-tasks.ts';
import { healthz, livez, startupz } from './routes/probes.ts';
import { submitTask } from './routes/submit-task.ts';
import { updateSchedule } from './routes/update-schedule.ts';
import { watchTask } from './routes/watch-task.ts';

/** Every route of the agent: what the app is built from, and the OpenAPI document. */
export const routes: readonly Route[] = [
  submitTask,
  listTasks,
  getTask,
  deleteTask,
  updateSchedule,
  watchTask,
  getStatus,
  getNodeId,
  healthz,
  livez,
  startupz,
  getMetrics,
  getOpenAPI(() => routes),
];
