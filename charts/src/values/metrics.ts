import * as z from 'zod';
import { duration, objectName, textMap } from './kubernetes.ts';

const monitor = (what: string, labels: string) =>
  z
    .strictObject({
      enabled: z.boolean().default(false).describe(what),
      interval: duration.default('30s').describe('Time between two scrapes.'),
      labels: textMap.default({}).describe(labels),
    })
    .prefault({});

const selectedBy = 'More labels, for the Prometheus that selects by them.';

/** Values of what Prometheus and Grafana read. */
export const metrics = z
  .strictObject({
    readers: z
      .array(z.strictObject({ namespace: objectName(63), serviceAccount: objectName() }))
      .default([])
      .describe(
        "Service accounts that may read the operator's metrics, as `{namespace, serviceAccount}`. The Prometheus of kube-prometheus may already.",
      ),
    serviceMonitor: monitor(
      "A ServiceMonitor for the operator. Needs Prometheus Operator's CRDs.",
      selectedBy,
    ).describe('Scraping the operator.'),
    podMonitor: monitor(
      "A PodMonitor for the agents. Needs Prometheus Operator's CRDs and `tls.enabled`.",
      selectedBy,
    ).describe('Scraping the agents.'),
    prometheusRule: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe("The alerts as a PrometheusRule. Needs Prometheus Operator's CRDs."),
        labels: textMap.default({}).describe(selectedBy),
        docsURL: z
          .string()
          .regex(/^(https?:\/\/[^\s"#?]+)?$/)
          .default('')
          .describe(
            'Where the folder docs/ of this version can be read by a browser, such as https://git.example.com/nodetask/blob/v0.1.0/docs: each alert links to its runbook there (`runbook_url`). Empty: an alert only names its runbook (`runbook`), because a link that leads nowhere is of no use.',
          ),
      })
      .prefault({})
      .describe('Alerts.'),
    dashboard: z
      .strictObject({
        enabled: z.boolean().default(false).describe('The Grafana dashboard as a ConfigMap.'),
        labels: textMap
          .default({ grafana_dashboard: '1' })
          .describe("Labels by which Grafana's sidecar finds the ConfigMap."),
      })
      .prefault({})
      .describe('The dashboard.'),
  })
  .prefault({})
  .describe('Metrics, alerts and the dashboard.');

export const tracing = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^(https?:\/\/\S+)?$/)
      .default('')
      .describe(
        'OTLP/HTTP endpoint that the operator sends traces to, for instance http://collector.monitoring:4318. Empty: none.',
      ),
  })
  .prefault({})
  .describe('Traces.');
