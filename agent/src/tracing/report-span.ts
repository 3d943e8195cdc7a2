import { noTracer, type Span, type Tracer } from '@nodetask/runtime';
import type { PendingReport } from '../engine/engine-api.ts';
import { runPlace } from './run-place.ts';

/** The span of a report's way to its NodeTask, below the run that it tells of; mere progress has none. */
export const startReportSpan = (tracer: Tracer, { id, result, trace, urgent, ref }: PendingReport): Span => {
  if (!tracer.enabled || !urgent) return noTracer.start('report');
  const recurs = result.async !== undefined;
  const ran = result.run > 0;
  const parent = ran ? runPlace({ taskID: id, run: result.run, recurs, trace }) : trace;
  return tracer.start('report', {
    parent,
    kind: 'client',
    attributes: {
      'k8s.namespace.name': ref.namespace,
      'nodetask.name': ref.name,
      'nodetask.task_id': id,
      'nodetask.status': result.status,
    },
  });
};
