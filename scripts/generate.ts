import { node, steps, tool } from './steps.ts';

/** Everything that is made from the sources and committed: CRD, OpenAPI document, reference docs, values of the chart, the dashboard. */
export const generated = ['crds', 'docs/reference', 'docs/troubleshooting.md', 'charts/nodetask'] as const;

export const generate = (): Promise<void> =>
  steps([
    { name: 'CRD', run: () => node(['shared/scripts/generate-crd.ts']) },
    { name: 'reference docs', run: () => node(['shared/scripts/generate-docs.ts']) },
    { name: 'keys of the configuration', run: () => node(['scripts/docs/generate-config-keys-page.ts']) },
    { name: 'metrics page', run: () => node(['scripts/metrics/generate-metrics-page.ts']) },
    { name: 'options page', run: () => node(['scripts/docs/generate-options-page.ts']) },
    { name: 'tables of troubleshooting', run: () => node(['scripts/docs/generate-troubleshooting.ts']) },
    { name: 'dashboard', run: () => node(['scripts/dashboard/generate-dashboard.ts']) },
    { name: 'OpenAPI document', run: () => node(['agent/scripts/generate-openapi.ts']) },
    { name: 'values of the chart', run: () => node(['charts/scripts/generate-chart.ts']) },
    { name: 'format of generated files', run: () => tool('prettier', ['--write', '--log-level=warn', ...generated]) },
  ]);

/** The manifests of deploy/, which Helm renders. Apart, because checking needs no Helm: charts/test/deploy.test.ts says whether they are up to date. */
export const generateManifests = (): Promise<void> =>
  steps([
    { name: 'manifests of deploy/', run: () => node(['charts/scripts/render-deploy.ts']) },
    { name: 'format of the manifests', run: () => tool('prettier', ['--write', '--log-level=warn', 'deploy']) },
  ]);
