// What a kubelet does for the container of an agent: its service account folder, its environment, its process.
import { join } from 'node:path';
import { AgentProcess } from '../agent-process.ts';
import type { AgentSettings } from '../agent-process.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { Pod } from './pod.ts';
import { ServiceAccountFolder } from './service-account-folder.ts';

export interface LaunchOptions {
  /** Where the agent listens, at the pod's address: the pod's port, or another where a proxy has that one. */
  readonly port: number;
  readonly controlPlane: ControlPlane;
  /** What the agent takes for the API server: itself, or a proxy before it. */
  readonly apiServer: string;
  /** The bearer token of all agents, and the file that holds it. */
  readonly token: string;
  readonly tokenFile: string;
  readonly settings: AgentSettings;
  readonly log: (line: string) => void;
}

export async function launchAgent(pod: Pod, ip: string, options: LaunchOptions): Promise<AgentProcess> {
  const { port, controlPlane, apiServer, token, tokenFile, settings, log } = options;
  const { name, namespace, uid } = pod.metadata;
  const serviceAccount = await ServiceAccountFolder.create({
    path: join(controlPlane.folder, 'pods', uid, 'serviceaccount'),
    namespace,
    caFile: controlPlane.caFile,
    requestToken: async () =>
      controlPlane.serviceAccountToken({
        namespace,
        serviceAccount: pod.spec.serviceAccountName ?? 'default',
        pod: { name, uid },
      }),
    log,
  });
  const agent = new AgentProcess({
    pod: { name, namespace, uid },
    ip,
    port,
    home: settings.home ?? join(controlPlane.folder, 'homes', namespace, name),
    logFile: join(controlPlane.folder, 'logs', `agent-${namespace}-${name}.log`),
    settings,
    serviceAccount,
    apiServer,
    tokenFile,
    token,
  });
  await agent.process.launch();
  return agent;
}
