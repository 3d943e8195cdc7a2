// A real cluster of one node: the control plane, containerd, kubelet, scheduler, kube-proxy and DNS, whose pods are containers with a network.
// It lives in the namespaces that runInNamespaces() makes.
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { mustRun } from '../process/run-command.ts';
import { makeTempFolder } from '../temp-folder.ts';
import type { TempFolder } from '../temp-folder.ts';
import { findCgroups, killCgroup } from './cgroups.ts';
import { CONTAINERD_SOCKET, PAUSE_IMAGE } from './files.ts';
import { setUpMounts, unmountAll } from './mounts.ts';
import { NODE_ADDRESS, setUpNetwork } from './network.ts';
import { prepareNode } from './node-parts.ts';
import type { NodeParts } from './node-parts.ts';
import { findNodePrograms } from './programs.ts';
import { writeScratchImage } from './scratch-image.ts';

/** An image is 160 MB, and unpacked on the way. */
const IMPORT_TIMEOUT_MS = 5 * 60_000;

/** Starts everything and waits until the node is Ready, Services lead to their pods and names are found (about 8 s). */
export async function startRealNode(): Promise<RealNode> {
  const cgroup = loadConfig().nodeCgroup;
  if (cgroup === undefined)
    throw new Error(
      'a real node runs in namespaces of its own: start what needs it by runInNamespaces(), as npm run e2e does',
    );
  const programs = await findNodePrograms();
  await setUpNetwork(programs.ip);
  const folder = await makeTempFolder(loadConfig().tempRoot, 'node');
  await setUpMounts(folder.path);
  const controlPlane = await startControlPlane({
    address: NODE_ADDRESS,
    controllers: ['*'],
    // Nobody else finds the node by its name.
    apiServerFlags: ['--kubelet-preferred-address-types=InternalIP'],
  });
  const parts = await prepareNode(folder.path, programs, controlPlane, cgroup);
  const node = new RealNode(controlPlane, parts, folder, programs.ctr, cgroup);
  try {
    await parts.containerd.start();
    await node.loadPause(programs.pause);
    const { kubelet, scheduler, proxy, dns } = parts;
    for (const part of [kubelet, scheduler, proxy, dns]) await part.launch();
    await Promise.all([kubelet.untilReady(), proxy.untilReady(), dns.untilReady()]);
    return node;
  } catch (error) {
    await node.stop();
    throw error;
  }
}

export class RealNode implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  /** Stop and start each of them for a fault of its own. */
  readonly parts: NodeParts;
  /** What runs outside of pods is reached here by pods. */
  readonly address = NODE_ADDRESS;
  readonly #folder: TempFolder;
  readonly #ctr: string;
  readonly #cgroup: string;

  /** Use startRealNode(). */
  constructor(controlPlane: ControlPlane, parts: NodeParts, folder: TempFolder, ctr: string, cgroup: string) {
    this.controlPlane = controlPlane;
    this.parts = parts;
    this.#folder = folder;
    this.#ctr = ctr;
    this.#cgroup = cgroup;
  }

  /** Has all logs and everything of the containers. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Loads the image of a docker-archive, under the name that it has there. */
  async loadImage(archive: string): Promise<void> {
    const client = ['--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io'];
    await mustRun(this.#ctr, [...client, 'images', 'import', archive], { timeoutMs: IMPORT_TIMEOUT_MS });
  }

  /** Ends everything, pods included, and removes the folder. The network stays: there can be no second node in these namespaces. */
  async stop(): Promise<void> {
    const { kubelet, scheduler, proxy, dns, containerd } = this.parts;
    await Promise.all([kubelet.stop(), scheduler.stop(), proxy.stop(), dns.stop()]);
    await killCgroup(this.#cgroup, await findCgroups());
    await containerd.stop();
    await this.controlPlane.stop();
    await unmountAll(this.#folder.path);
    if (loadConfig().keepFolders) await this.#folder.keep();
    else await this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The image that holds the namespaces of every pod. */
  async loadPause(program: string): Promise<void> {
    const archive = join(this.folder, 'pause.tar');
    await writeScratchImage(
      { reference: PAUSE_IMAGE, files: { '/pause': program }, entrypoint: ['/pause'], user: '65535:65535' },
      archive,
      join(this.folder, 'pause-image'),
    );
    await this.loadImage(archive);
  }
}
