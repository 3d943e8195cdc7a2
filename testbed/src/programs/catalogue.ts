// The programs that the testbed runs: what they are built from and at which version. The versions also stand in testbed/go/*/go.mod; a
// test holds the two equal.

/** What the node of real-node/ runs beside the control plane: `npm test` makes none of these, `npm run e2e` does. */
export const NODE_PROGRAMS = [
  'kubelet',
  'kube-scheduler',
  'kube-proxy',
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'cni-ptp',
  'cni-host-local',
  'cni-loopback',
  'coredns',
  'pause',
] as const;

/** The versions of CometBFT that judge configurations and genesis documents in tests, beside the nodes that run. */
export const JUDGE_VERSIONS = ['v0.37.18', 'v0.38.26', 'v0.40.0', 'v1.0.1'] as const;

export type ProgramName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'cometbft'
  | 'cometbft-e2e-node'
  | 'sdk-node'
  | 'versitygw'
  | 'helm'
  | 'helm3'
  | 'kstatus'
  | `config-judge-${(typeof JUDGE_VERSIONS)[number]}`
  | 'cron-judge'
  | (typeof NODE_PROGRAMS)[number];

export interface Program {
  readonly name: ProgramName;
  readonly version: string;
  /** Folder under testbed/go with the go.mod that pins it. */
  readonly module: string;
  /** The Go package of its main function. */
  readonly goPackage: string;
  /** Link-time variables: without them kube-apiserver answers v0.0.0-master on /version. */
  readonly variables: Readonly<Record<string, string>>;
  /** Present if the official envtest archive holds it. */
  readonly inEnvtest: boolean;
  /** Build tags, with commas between them. */
  readonly tags?: string;
  /** The file in the folder that pins it, where one folder has the sources of several programs (default: go.mod). */
  readonly modFile?: string;
  /** The sources are in `module`, not in the Go package of somebody else. */
  readonly ownSources?: true;
  /** Only of a program with sources of its own: the library that it shows, whose version `version` is. */
  readonly library?: string;
}

const KUBERNETES_VERSION = 'v1.36.3';
const CONTAINERD_VERSION = 'v2.4.2';
const CNI_VERSION = 'v1.9.1';
const COMETBFT_VERSION = 'v0.38.26';

const KUBERNETES_VARIABLES = {
  'k8s.io/component-base/version.gitVersion': KUBERNETES_VERSION,
  'k8s.io/component-base/version.gitMajor': '1',
  'k8s.io/component-base/version.gitMinor': '36',
  'k8s.io/client-go/pkg/version.gitVersion': KUBERNETES_VERSION,
} as const;

export const PROGRAMS: Readonly<Record<ProgramName, Program>> = {
  etcd: {
    name: 'etcd',
    version: 'v3.7.3',
    module: 'etcd',
    goPackage: 'go.etcd.io/etcd/server/v3',
    variables: {},
    inEnvtest: true,
  },
  'kube-apiserver': kubernetes('kube-apiserver', true),
  'kube-controller-manager': kubernetes('kube-controller-manager', false),
  kubectl: kubernetes('kubectl', true),
  cometbft: cometbft('cometbft', 'cmd/cometbft'),
  'cometbft-e2e-node': cometbft('cometbft-e2e-node', 'test/e2e/node'),
  'sdk-node': {
    name: 'sdk-node',
    version: 'v0.55.0',
    module: 'sdk-node',
    goPackage: 'nodetask.dev/testbed/sdk-node',
    variables: {},
    inEnvtest: false,
    ownSources: true,
    library: 'github.com/cosmos/cosmos-sdk',
  },
  versitygw: {
    name: 'versitygw',
    version: 'v1.8.0',
    module: 'versitygw',
    goPackage: 'github.com/versity/versitygw/cmd/versitygw',
    variables: {},
    inEnvtest: false,
  },
  helm: {
    name: 'helm',
    version: 'v4.3.1',
    module: 'helm',
    goPackage: 'helm.sh/helm/v4/cmd/helm',
    variables: {},
    inEnvtest: false,
  },
  helm3: {
    name: 'helm3',
    version: 'v3.22.0',
    module: 'helm3',
    goPackage: 'helm.sh/helm/v3/cmd/helm',
    variables: {},
    inEnvtest: false,
  },
  kstatus: {
    name: 'kstatus',
    version: 'v1.3.0',
    module: 'kstatus',
    goPackage: 'nodetask.dev/testbed/kstatus',
    variables: {},
    inEnvtest: false,
    ownSources: true,
    library: 'github.com/fluxcd/cli-utils',
  },
  'config-judge-v0.37.18': configJudge('v0.37.18'),
  'config-judge-v0.38.26': configJudge('v0.38.26'),
  'config-judge-v0.40.0': configJudge('v0.40.0'),
  'config-judge-v1.0.1': configJudge('v1.0.1'),
  'cron-judge': {
    name: 'cron-judge',
    version: 'v3.0.1',
    module: 'cron-judge',
    goPackage: 'nodetask.dev/testbed/cron-judge',
    variables: {},
    inEnvtest: false,
    ownSources: true,
    library: 'github.com/robfig/cron/v3',
  },
  kubelet: kubernetes('kubelet', false),
  'kube-scheduler': kubernetes('kube-scheduler', false),
  'kube-proxy': kubernetes('kube-proxy', false),
  containerd: containerd('containerd'),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2'),
  ctr: containerd('ctr'),
  'cni-ptp': networkPlugin('cni-ptp', 'main/ptp'),
  'cni-host-local': networkPlugin('cni-host-local', 'ipam/host-local'),
  'cni-loopback': networkPlugin('cni-loopback', 'main/loopback'),
  coredns: {
    name: 'coredns',
    version: 'v1.15.0',
    module: 'coredns',
    goPackage: 'nodetask.dev/testbed/coredns',
    variables: {},
    inEnvtest: false,
    ownSources: true,
    library: 'github.com/coredns/coredns',
  },
  pause: {
    name: 'pause',
    version: 'v1',
    module: 'pause',
    goPackage: 'nodetask.dev/testbed/pause',
    variables: {},
    inEnvtest: false,
    ownSources: true,
  },
};

function kubernetes(name: Extract<ProgramName, `kube${string}`>, inEnvtest: boolean): Program {
  return {
    name,
    version: KUBERNETES_VERSION,
    module: 'kubernetes',
    goPackage: `k8s.io/kubernetes/cmd/${name}`,
    variables: KUBERNETES_VARIABLES,
    inEnvtest,
  };
}

function cometbft(name: 'cometbft' | 'cometbft-e2e-node', folder: string): Program {
  return {
    name,
    version: COMETBFT_VERSION,
    module: 'cometbft',
    goPackage: `github.com/cometbft/cometbft/${folder}`,
    variables: {},
    inEnvtest: false,
  };
}

function configJudge(version: (typeof JUDGE_VERSIONS)[number]): Program {
  return {
    name: `config-judge-${version}`,
    version,
    module: 'config-judge',
    modFile: `${version}.mod`,
    goPackage: 'nodetask.dev/testbed/config-judge',
    variables: {},
    inEnvtest: false,
    ownSources: true,
    library: 'github.com/cometbft/cometbft',
  };
}

function containerd(name: 'containerd' | 'containerd-shim-runc-v2' | 'ctr'): Program {
  return {
    name,
    version: CONTAINERD_VERSION,
    module: 'containerd',
    goPackage: `github.com/containerd/containerd/v2/cmd/${name}`,
    variables: {},
    inEnvtest: false,
    // Snapshotters that the testbed does not use, and whose libraries need cgo.
    tags: 'no_btrfs,no_devmapper,no_zfs',
  };
}

function networkPlugin(name: Extract<ProgramName, `cni-${string}`>, folder: string): Program {
  return {
    name,
    version: CNI_VERSION,
    module: 'cni',
    goPackage: `github.com/containernetworking/plugins/plugins/${folder}`,
    variables: {},
    inEnvtest: false,
  };
}
