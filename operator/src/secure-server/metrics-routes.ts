import type { Clock, Logger } from '@nodetask/shared';
import type { Registry } from 'prom-client';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { BearerAccess } from './bearer-access.ts';
import { metricsRequest, metricsRoute } from './metrics-route.ts';
import type { SecureRoute } from './secure-route.ts';

export interface MetricsRoutesOptions {
  readonly secureMetrics: boolean;
  readonly registry: Registry;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The routes of the HTTPS server that are about metrics: one with --secure-metrics, else none. */
export const metricsRoutes = ({
  secureMetrics,
  registry,
  transport,
  clock,
  logger,
}: MetricsRoutesOptions): readonly SecureRoute[] => {
  if (!secureMetrics) return [];
  const access = new BearerAccess({ transport, clock, request: metricsRequest });
  return [metricsRoute({ registry, access, logger })];
};
