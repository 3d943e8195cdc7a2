import type { Values } from './chart.ts';

const off = { enabled: false };

/** Values that a user may give, by what for: each optional thing on and off, alone and with others. */
export const matrix: Readonly<Record<string, Values>> = {
  'the default': {},
  'some namespaces': {
    agentNamespaces: ['sei', 'sei-testnet'],
    agentServiceAccounts: ['default', 'sei-node'],
    watchWarning: true,
  },
  'no TLS, agents with a token': { tls: off, injection: off, agent: { tokenSecret: 'agent-token' } },
  'no injection': { injection: off },
  'nothing that can be left out': {
    tls: off,
    injection: off,
    admissionPolicy: off,
    podDisruptionBudget: off,
    rbac: { aggregate: false },
    crds: { install: false },
    operator: { replicas: 1, topologySpread: off },
  },
  'everything that can be had': {
    agentNamespaces: ['sei'],
    networkPolicy: { enabled: true },
    metrics: {
      readers: [{ namespace: 'monitoring', serviceAccount: 'prometheus' }],
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      podMonitor: { enabled: true, interval: '1m' },
      prometheusRule: { enabled: true, docsURL: 'https://git.example.com/nodetask/blob/v0.1.0/docs/' },
      dashboard: { enabled: true },
    },
    tracing: { endpoint: 'http://collector.monitoring:4318' },
    tls: { certManager: { enabled: true } },
  },
  'everything that can be had, in all namespaces': {
    networkPolicy: { enabled: true },
    metrics: {
      serviceMonitor: { enabled: true },
      podMonitor: { enabled: true },
      prometheusRule: { enabled: true },
      dashboard: { enabled: true },
    },
  },
  'metrics without TLS': {
    tls: off,
    injection: off,
    networkPolicy: { enabled: true },
    metrics: { serviceMonitor: { enabled: true } },
  },
  'the CA from an issuer that is there': {
    tls: { certManager: { enabled: true, issuerRef: { name: 'corporate', kind: 'ClusterIssuer' } } },
  },
  'where and as whom it runs': {
    fullnameOverride: 'tasks',
    imagePullSecrets: [{ name: 'registry' }],
    operator: {
      image: { digest: `sha256:${'a1'.repeat(32)}`, pullPolicy: 'Always' },
      serviceAccount: { create: false, name: 'deployer' },
      podLabels: { team: 'nodes' },
      podAnnotations: { 'example.org/note': 'text' },
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      priorityClassName: 'system-cluster-critical',
      extraArgs: ['--grace-seconds=20'],
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=384' }],
    },
    podDisruptionBudget: { maxUnavailable: '50%' },
  },
};
