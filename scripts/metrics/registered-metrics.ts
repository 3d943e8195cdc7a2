import { systemClock } from '@nodetask/runtime';
import { createMetrics } from '../../agent/src/metrics/agent-metrics.ts';
import { createRegistry } from '../../operator/src/metrics/create-registry.ts';

/** A metric as its registry has it. */
export interface RegisteredMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of the operator and of the agent, out of the registries that the programs serve. */
export const registeredMetrics = (): Readonly<Record<'operator' | 'agent', readonly RegisteredMetric[]>> => {
  const { registry } = createRegistry({
    nodeTasks: () => [],
    unreachableAgents: () => new Map(),
    unreadableNamespaces: () => [],
    certificateEnds: () => new Map(),
    clock: systemClock,
  });
  const agent = createMetrics({ reportQueueDepth: () => 0, eventStreams: () => 0, ready: () => false });
  return { operator: metricsOf(registry), agent: metricsOf(agent.registry) };
};

type Registry = ReturnType<typeof createRegistry>['registry'];

const metricsOf = (registry: Registry): readonly RegisteredMetric[] =>
  registry
    .getMetricsAsArray()
    .map((metric): RegisteredMetric => {
      const { name, help, type } = metric;
      // Not in the types of prom-client.
      const { labelNames = [] } = metric as { readonly labelNames?: readonly string[] };
      return { name, help, type: String(type), labels: labelNames };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
