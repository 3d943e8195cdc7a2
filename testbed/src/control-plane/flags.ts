// The command lines of the three programs. Each flag is here because a cluster on one machine's loopback needs it, or a test does.

export const LOOPBACK = '127.0.0.1';

export interface EtcdFlags {
  readonly dataFolder: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

export function etcdArgs({ dataFolder, clientUrl, peerUrl }: EtcdFlags): string[] {
  return [
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // The data lives as long as the test.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export interface ApiServerFlags {
  readonly etcdUrl: string;
  readonly address: string;
  readonly port: number;
  /** The server makes its certificate here (apiserver.crt, apiserver.key); it is its own CA and names `address`. */
  readonly certFolder: string;
  readonly serviceAccountKeyFile: string;
  readonly tokenFile: string;
  readonly auditPolicyFile: string;
  readonly auditLogFile: string;
  readonly extra: readonly string[];
}

export function apiServerArgs(flags: ApiServerFlags): string[] {
  return [
    `--etcd-servers=${flags.etcdUrl}`,
    `--bind-address=${flags.address}`,
    `--advertise-address=${flags.address}`,
    `--secure-port=${flags.port}`,
    // On loopback there is no node network: nothing may try to publish the endpoint of the `kubernetes` service there.
    ...(flags.address === LOOPBACK ? ['--endpoint-reconciler-type=none'] : []),
    `--cert-dir=${flags.certFolder}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${flags.serviceAccountKeyFile}`,
    `--service-account-key-file=${flags.serviceAccountKeyFile}`,
    `--token-auth-file=${flags.tokenFile}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    `--audit-policy-file=${flags.auditPolicyFile}`,
    `--audit-log-path=${flags.auditLogFile}`,
    // A request is in the log before its answer is sent, so a test may count right after an answer.
    '--audit-log-mode=blocking-strict',
    // MB: the log is never rotated away under a test that counts.
    '--audit-log-maxsize=10000',
    ...flags.extra,
  ];
}

/** Everything at level Metadata, once for each request. A watch is logged when it starts and when it ends. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

export interface ControllerManagerFlags {
  readonly kubeconfig: string;
  readonly port: number;
  readonly certFolder: string;
  readonly serviceAccountKeyFile: string;
  readonly caFile: string;
  readonly controllers: readonly string[];
}

/** What a cluster without nodes needs. */
export const CONTROLLERS = [
  'garbagecollector',
  'namespace',
  'serviceaccount',
  'ttl',
  'deployment',
  'statefulset',
  'replicaset',
  'validatingadmissionpolicy-status-controller',
] as const;

export function controllerManagerArgs(flags: ControllerManagerFlags): string[] {
  return [
    `--kubeconfig=${flags.kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${flags.port}`,
    `--cert-dir=${flags.certFolder}`,
    `--service-account-private-key-file=${flags.serviceAccountKeyFile}`,
    `--root-ca-file=${flags.caFile}`,
    '--use-service-account-credentials=false',
    '--leader-elect=false',
    `--controllers=${flags.controllers.join(',')}`,
    // Else it makes a folder in /usr.
    `--flex-volume-plugin-dir=${flags.certFolder}`,
  ];
}
