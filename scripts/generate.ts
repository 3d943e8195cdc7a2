import { node, steps, tool } from './steps.ts';

/** Everything that is made from the sources and committed: CRD, OpenAPI document, reference docs, the dashboard. */
export const generated = ['crds', 'docs/reference', 'charts/nodetask/dashboards'] as const;

export const generate = (): Promise<void> =>
  steps([
    { name: 'CRD', run: () => node(['shared/scripts/generate-crd.ts']) },
    { name: 'reference docs', run: () => node(['shared/scripts/generate-docs.ts']) },
    { name: 'metrics page', run: () => node(['scripts/metrics/generate-metrics-page.ts']) },
    { name: 'dashboard', run: () => node(['scripts/dashboard/generate-dashboard.ts']) },
    { name: 'OpenAPI document', run: () => node(['agent/scripts/generate-openapi.ts']) },
    { name: 'format of generated files', run: () => tool('prettier', ['--write', '--log-level=warn', ...generated]) },
  ]);
