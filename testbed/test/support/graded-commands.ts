import { bucket, chainId, namespace } from './graded-world.ts';

/** A mistake that the command itself tells of. */
export interface ToldByCommand {
  /** Its number in the list of graded mistakes. */
  readonly number: number;
  readonly mistake: string;
  /** For `kubectl apply -f -`. */
  readonly object: object;
  /** What it prints to stderr. */
  readonly says: string;
}

const nodeTask = (spec: object, metadata: object = { name: 'refused', namespace }): object => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata,
  spec: { type: 'mark-ready', target: { podName: 'sei-rpc-0' }, ...spec },
});
const byCron = (cron: string): object => nodeTask({ async: { schedule: { cron } } });
const labels = { app: 'sei', 'nodetask.dev/agent': 'enabled' };

export const toldByCommand: readonly ToldByCommand[] = [
  {
    number: 2,
    mistake: 'no operator watches the namespace',
    object: nodeTask({}, { name: 'warned', namespace: 'osmosis' }),
    says: "Warning: Validation failed for ValidatingAdmissionPolicy 'nodetask-unwatched' with binding 'nodetask-unwatched': no NodeTask operator watches namespace osmosis: add it to agentNamespaces of Helm release nodetask in namespace nodetask-system",
  },
  {
    number: 10,
    mistake: 'a snapshot by https',
    object: nodeTask({
      type: 'snapshot-restore',
      params: { uri: 'https://snapshots.example.com/sei.tar.lz4', chainId },
    }),
    says: 'The NodeTask "refused" is invalid: spec.params: Invalid value: type snapshot-restore: uri must be s3://bucket/prefix for this task type',
  },
  {
    number: 12,
    mistake: 'a parameter that no type has',
    object: nodeTask({ type: 'snapshot-upload', params: { bucket, region: 'eu-central-1', prefx: 'sei' } }),
    says: 'Error from server (BadRequest): error when creating "STDIN": NodeTask in version "v1alpha1" cannot be handled as a NodeTask: strict decoding error: unknown field "spec.params.prefx"',
  },
  {
    number: 12,
    mistake: 'a type that there is not',
    object: nodeTask({ type: 'snapshot-uplod' }),
    says: 'The NodeTask "refused" is invalid: \n* spec.type: Unsupported value: "snapshot-uplod": supported values: "snapshot-restore", "discover-peers", "config-patch", "config-apply", "config-validate", "config-reload", "mark-ready", "configure-genesis", "configure-state-sync", "snapshot-upload", "result-export"\n* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  },
  {
    number: 12,
    mistake: 'a field that there is not',
    object: nodeTask({ timeoutSecond: 60 }),
    says: 'Error from server (BadRequest): error when creating "STDIN": NodeTask in version "v1alpha1" cannot be handled as a NodeTask: strict decoding error: unknown field "spec.timeoutSecond"',
  },
  {
    number: 13,
    mistake: 'a parameter of another type',
    object: nodeTask({ type: 'config-patch', params: { files: { 'config.toml': { a: 1 } }, bucket } }),
    says: 'The NodeTask "refused" is invalid: spec.params.bucket: Forbidden: params.bucket is not a parameter of type config-patch, only of snapshot-restore, snapshot-upload, result-export',
  },
  {
    number: 23,
    mistake: 'a cron expression of four fields',
    object: byCron('0 3 * *'),
    says: 'The NodeTask "refused" is invalid: spec.async.schedule.cron: Invalid value: "0 3 * *": must be five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7) such as "0 3 * * *", or a name such as @daily',
  },
  {
    number: 23,
    mistake: 'a cron expression of six fields',
    object: byCron('0 0 3 * * *'),
    says: 'The NodeTask "refused" is invalid: spec.async.schedule.cron: Invalid value: "0 0 3 * * *": must be five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7) such as "0 3 * * *", or a name such as @daily',
  },
  {
    number: 23,
    mistake: 'a time zone in the cron expression',
    object: byCron('CRON_TZ=Europe/Berlin 0 3 * * *'),
    says: 'The NodeTask "refused" is invalid: spec.async.schedule.cron: Invalid value: "CRON_TZ=Europe/Berlin 0 3 * * *": must be five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7) such as "0 3 * * *", or a name such as @daily',
  },
  {
    number: 24,
    mistake: 'minute 61',
    object: byCron('61 3 * * *'),
    says: 'The NodeTask "refused" is invalid: spec.async.schedule.cron: Invalid value: "61 3 * * *": must be five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7) such as "0 3 * * *", or a name such as @daily',
  },
  {
    number: 30,
    mistake: 'the service account of a StatefulSet may not report',
    object: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'sei-node', namespace },
      spec: {
        replicas: 0,
        serviceName: 'sei-node',
        selector: { matchLabels: { app: 'sei' } },
        template: {
          metadata: { labels },
          spec: { serviceAccountName: 'sei-node', containers: [{ name: 'node', image: 'sei' }] },
        },
      },
    },
    says: "Warning: Validation failed for ValidatingAdmissionPolicy 'nodetask-may-not-report' with binding 'nodetask-may-not-report': service account sei-node of namespace sei may not report what its agents do: add it to agentServiceAccounts of Helm release nodetask in namespace nodetask-system",
  },
  {
    number: 38,
    mistake: 'params are edited without another runID',
    object: nodeTask(
      { type: 'config-patch', params: { files: { 'config.toml': { p2p: { max_num_inbound_peers: 90 } } } } },
      { name: 'key-typo', namespace },
    ),
    says: 'The NodeTask "key-typo" is invalid: spec.params: Forbidden: params is immutable: to run the changed task, change runID along with it',
  },
];

const annotated = (annotations: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'annotated-0', namespace, labels, annotations },
  spec: {
    serviceAccountName: 'nodetask-agent',
    containers: [{ name: 'node', image: 'sei', volumeMounts: [{ name: 'data', mountPath: '/sei' }] }],
    volumes: [{ name: 'data', emptyDir: {} }],
  },
});
const mounts = { 'nodetask.dev/volume-mounts': 'data:/sei' };

/** Told by the webhook. */
export const toldByWebhook: readonly ToldByCommand[] = [
  {
    number: 33,
    mistake: 'no annotation says which volume has the home',
    object: annotated({}),
    says: 'Error from server (BadRequest): error when creating "STDIN": admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: nodetask.dev/volume-mounts is missing: must be <volume>[/<folder>]:<path>[:ro], several with commas between, for instance "data:/sei,other:/x:ro"',
  },
  {
    number: 33,
    mistake: 'the annotation names a volume that the pod has not',
    object: annotated({ 'nodetask.dev/volume-mounts': 'dat:/sei' }),
    says: 'Error from server (BadRequest): error when creating "STDIN": admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: nodetask.dev/volume-mounts names the volume dat, which the pod does not have: it has data',
  },
  {
    number: 33,
    mistake: 'the annotation says no path',
    object: annotated({ 'nodetask.dev/volume-mounts': 'data' }),
    says: 'Error from server (BadRequest): error when creating "STDIN": admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: nodetask.dev/volume-mounts is "data": "data" must be <volume>[/<folder>]:<path>[:ro], several with commas between, for instance "data:/sei,other:/x:ro"',
  },
  {
    number: 33,
    mistake: 'the name of an annotation is misspelt',
    object: annotated({ ...mounts, 'nodetask.dev/node-rcp': 'http://127.0.0.1:26657' }),
    says: 'Error from server (BadRequest): error when creating "STDIN": admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: NodeTask has no annotation "nodetask.dev/node-rcp": there are nodetask.dev/volume-mounts, nodetask.dev/home, nodetask.dev/start-gate, nodetask.dev/node-rpc, nodetask.dev/agent-port, nodetask.dev/probe-port, nodetask.dev/agent-env, nodetask.dev/agent-resources, nodetask.dev/run-as-user, nodetask.dev/run-as-group, nodetask.dev/share-process-namespace',
  },
  {
    number: 33,
    mistake: 'the address of the node is none',
    object: annotated({ ...mounts, 'nodetask.dev/node-rpc': '26657' }),
    says: 'Error from server (BadRequest): error when creating "STDIN": admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: nodetask.dev/node-rpc is "26657": must be an http:// or https:// URL of a host, for instance http://ADDRESS, or host:port',
  },
];
