// The configuration files of a node's programs. Each setting is here because the node lives in namespaces on somebody's machine, or because
// a test would wait for longer.
import { stringify } from 'yaml';
import { NODE_ADDRESS, POD_SUBNET } from './network.ts';

/** In /run, which is the node's own: the path of a socket may have 107 characters only. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const PAUSE_IMAGE = 'localhost/pause:1';

export interface ContainerdPaths {
  readonly root: string;
  readonly networkPlugins: string;
  readonly networkConfig: string;
  /** `native` where overlayfs cannot be used: it copies. */
  readonly snapshotter: 'overlayfs' | 'native';
}

/** https://github.com/containerd/containerd/blob/main/docs/cri/config.md */
export function containerdConfig(paths: ContainerdPaths): string {
  const cri = "plugins.'io.containerd.cri.v1";
  return `version = 3
root = '${paths.root}'
state = '/run/containerd'

[grpc]
address = '${CONTAINERD_SOCKET}'

[${cri}.images']
snapshotter = '${paths.snapshotter}'

[${cri}.images'.pinned_images]
sandbox = '${PAUSE_IMAGE}'

[${cri}.runtime']
# Root of a container may lack the right to lower the score.
restrict_oom_score_adj = true

[${cri}.runtime'.cni]
bin_dirs = ['${paths.networkPlugins}']
conf_dir = '${paths.networkConfig}'

[${cri}.runtime'.containerd]
default_runtime_name = 'runc'

[${cri}.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'

[${cri}.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

/**
 * Each pod has a cable of its own to the node, so that all that it sends is routed: on a bridge, answers of a pod to another would go past
 * the address translation of Services where br_netfilter is missing. https://www.cni.dev/plugins/current/main/ptp/
 */
export function networkConfig(dataFolder: string): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipam: {
          type: 'host-local',
          dataDir: dataFolder,
          ranges: [[{ subnet: POD_SUBNET }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  });
}

export interface KubeletPaths {
  readonly cgroup: string;
  readonly resolvConf: string;
  readonly staticPods: string;
  readonly logs: string;
  readonly volumePlugins: string;
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export function kubeletConfig(paths: KubeletPaths): string {
  const full = '1%';
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    // Nobody reaches it but what runs in its own network.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${paths.cgroup}`,
    failSwapOn: false,
    // Lower ones need CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    clusterDNS: [NODE_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: paths.resolvConf,
    staticPodPath: paths.staticPods,
    podLogsDir: paths.logs,
    volumePluginDir: paths.volumePlugins,
    nodeStatusUpdateFrequency: '2s',
    // The first reports come at once: a test waits for them.
    syncFrequency: '10s',
    // The disk and the memory are the machine's, and so is how full they are.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': full,
      'imagefs.available': full,
      'nodefs.inodesFree': full,
      'imagefs.inodesFree': full,
    },
    imageGCHighThresholdPercent: 100,
  });
}

/** https://coredns.io/plugins/kubernetes/ */
export function corefile(kubeconfig: string): string {
  return `.:53 {
  bind ${NODE_ADDRESS}
  errors
  ready 127.0.0.1:8181
  cache 5
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
`;
}
