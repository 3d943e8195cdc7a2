// The processes of a node, and when each of them serves.
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bareEnvironment } from '../config.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { waitForObject } from '../kube/wait-for-object.ts';
import { ManagedProcess } from '../process/managed-process.ts';
import { runCommand } from '../process/run-command.ts';
import { waitFor } from '../wait.ts';
import { CONTAINERD_SOCKET, containerdConfig, corefile, kubeletConfig, networkConfig } from './files.ts';
import { DNS_READY, kubeletArgs, NODE_NAME, PROXY_HEALTH, proxyArgs, schedulerArgs } from './flags.ts';
import { KUBELET_FOLDER } from './mounts.ts';
import { linkPrograms } from './programs.ts';
import type { NodePrograms } from './programs.ts';

const READY_TIMEOUT_MS = 60_000;
/** OVERLAYFS_SUPER_MAGIC: an overlay cannot be the upper layer of another. */
const OVERLAYFS = 0x794c7630;

export interface NodeParts {
  readonly containerd: ManagedProcess;
  readonly scheduler: ManagedProcess;
  readonly kubelet: ManagedProcess;
  readonly proxy: ManagedProcess;
  readonly dns: ManagedProcess;
}

/** Writes the configuration of all into `folder`; starts nothing. */
export async function prepareNode(
  folder: string,
  programs: NodePrograms,
  controlPlane: ControlPlane,
  cgroup: string,
): Promise<NodeParts> {
  const at = (...parts: string[]): string => join(folder, ...parts);
  const { adminKubeconfig: kubeconfig } = controlPlane;
  const { runc, nft } = programs;
  await linkPrograms(at('bin'), { runc, nft, 'containerd-shim-runc-v2': programs['containerd-shim-runc-v2'] });
  await linkPrograms(at('cni-bin'), {
    ptp: programs['cni-ptp'],
    'host-local': programs['cni-host-local'],
    loopback: programs['cni-loopback'],
  });
  for (const name of ['cni', 'static-pods', 'pod-logs', 'volume-plugins']) await mkdir(at(name));
  const { type } = await statfs(folder);
  await writeFile(
    at('containerd.toml'),
    containerdConfig({
      root: at('containerd'),
      networkPlugins: at('cni-bin'),
      networkConfig: at('cni'),
      snapshotter: type === OVERLAYFS ? 'native' : 'overlayfs',
    }),
  );
  await writeFile(at('cni', '10-pods.conflist'), networkConfig(at('cni-addresses')));
  await writeFile(at('resolv.conf'), '');
  await writeFile(
    at('kubelet.yaml'),
    kubeletConfig({
      cgroup,
      resolvConf: at('resolv.conf'),
      staticPods: at('static-pods'),
      logs: at('pod-logs'),
      volumePlugins: at('volume-plugins'),
    }),
  );
  await writeFile(at('Corefile'), corefile(kubeconfig));
  const env = bareEnvironment({ PATH: `${at('bin')}:/usr/sbin:/usr/bin:/sbin:/bin` });
  const part = (
    name: keyof NodePrograms,
    args: readonly string[],
    ready?: (signal: AbortSignal) => Promise<void>,
  ): ManagedProcess =>
    new ManagedProcess({
      name,
      logFile: at(`${name}.log`),
      command: () => ({ program: programs[name], args, env }),
      ...(ready === undefined ? {} : { ready }),
    });
  return {
    containerd: part('containerd', ['--config', at('containerd.toml')], async (signal) =>
      untilContainerdServes(programs.ctr, signal),
    ),
    scheduler: part('kube-scheduler', schedulerArgs(kubeconfig)),
    kubelet: part(
      'kubelet',
      kubeletArgs({
        config: at('kubelet.yaml'),
        kubeconfig,
        root: KUBELET_FOLDER,
        certificates: at('kubelet-certs'),
      }),
      async (signal) => untilNodeReady(controlPlane.admin, signal),
    ),
    proxy: part('kube-proxy', proxyArgs(kubeconfig), async (signal) =>
      untilOk(`http://${PROXY_HEALTH}/healthz`, signal),
    ),
    dns: part('coredns', ['-conf', at('Corefile')], async (signal) => untilOk(`http://${DNS_READY}/ready`, signal)),
  };
}

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function untilNodeReady(client: KubeClient, signal: AbortSignal): Promise<void> {
  await waitForObject<NodeObject>(
    client,
    `/api/v1/nodes/${NODE_NAME}`,
    (node) => node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    { what: `node ${NODE_NAME} to be Ready`, timeoutMs: READY_TIMEOUT_MS, signal },
  );
}

async function untilContainerdServes(ctr: string, signal: AbortSignal): Promise<void> {
  await waitFor(async () => (await runCommand(ctr, ['--address', CONTAINERD_SOCKET, 'version'])).code === 0, {
    what: `containerd to answer on ${CONTAINERD_SOCKET}`,
    timeoutMs: READY_TIMEOUT_MS,
    signal,
  });
}

async function untilOk(url: string, signal: AbortSignal): Promise<void> {
  let last = 'no answer yet';
  await waitFor(
    async () => {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
        last = `HTTP ${response.status} ${(await response.text()).slice(0, 300)}`;
        return response.ok;
      } catch (error) {
        last = String(error);
        return false;
      }
    },
    { what: `${url} to answer 200`, timeoutMs: READY_TIMEOUT_MS, signal, detail: () => last },
  );
}
