import { registerProcessMetrics } from '@nodetask/runtime/process-metrics';
import { Registry } from 'prom-client';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import { createKubeMetrics } from '../kube/metrics.ts';
import { createOperatorMetrics, type OperatorMetrics } from '../operator-metrics.ts';
import { registerScheduleMetrics } from './schedule-metrics.ts';
import { registerStateMetrics, type StateSources } from './state-metrics.ts';

/** All that the operator measures, and how it is told. */
export interface OperatorRegistry {
  readonly registry: Registry;
  readonly kube: KubeMetrics;
  readonly own: OperatorMetrics;
}

/** Every metric of the operator, on a registry of its own. `sources` are asked when the metrics are scraped. */
export const createRegistry = (sources: StateSources): OperatorRegistry => {
  const registry = new Registry();
  registerProcessMetrics(registry);
  const kube = createKubeMetrics(registry);
  const own = createOperatorMetrics(registry);
  registerScheduleMetrics(registry, sources.nodeTasks);
  registerStateMetrics(registry, sources);
  return { registry, kube, own };
};
