// What a kubelet does for the container of an agent: its volumes, its environment, its process.
import { join } from 'node:path';
import { AgentProcess } from '../agent-process.ts';
import type { AgentAccess, AgentSettings } from '../agent-process.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { AgentIdentities } from './agent-identities.ts';
import { serviceAccountOf, type Pod } from './pod.ts';
import { ServiceAccountFolder } from './service-account-folder.ts';

export interface LaunchOptions {
  /** Where the agent listens, at the pod's address: the pod's port, or another where a proxy has that one. */
  readonly port: number;
  readonly controlPlane: ControlPlane;
  /** What the agent takes for the API server: itself, or a proxy before it. */
  readonly apiServer: string;
  /** How the agent is guarded. */
  readonly guard: AgentGuard;
  readonly settings: AgentSettings;
  readonly log: (line: string) => void;
}

/** By a bearer token of all agents, with the file that holds it, or by TLS. */
export type AgentGuard =
  | { readonly kind: 'token'; readonly token: string; readonly tokenFile: string }
  | { readonly kind: 'tls'; readonly identities: AgentIdentities };

export async function launchAgent(pod: Pod, ip: string, options: LaunchOptions): Promise<AgentProcess> {
  const { port, controlPlane, apiServer, guard, settings, log } = options;
  const { name, namespace, uid } = pod.metadata;
  const folder = join(controlPlane.folder, 'pods', uid);
  await using parts = new AsyncDisposableStack();
  const serviceAccount = parts.use(
    await ServiceAccountFolder.create({
      path: join(folder, 'serviceaccount'),
      namespace,
      caFile: controlPlane.caFile,
      requestToken: async () =>
        controlPlane.serviceAccountToken({ namespace, serviceAccount: serviceAccountOf(pod), pod: { name, uid } }),
      log,
    }),
  );
  const access = await accessTo(pod, guard, folder, parts);
  const volumes = parts.move();
  const agent = new AgentProcess({
    pod: { name, namespace, uid },
    ip,
    port,
    home: settings.home ?? join(controlPlane.folder, 'homes', namespace, name),
    logFile: join(controlPlane.folder, 'logs', `agent-${namespace}-${name}.log`),
    settings,
    serviceAccountFolder: serviceAccount.path,
    apiServer,
    access,
    volumes,
  });
  try {
    await agent.process.launch();
    return agent;
  } catch (error) {
    await volumes.disposeAsync();
    throw error;
  }
}

async function accessTo(
  pod: Pod,
  guard: AgentGuard,
  folder: string,
  parts: AsyncDisposableStack,
): Promise<AgentAccess> {
  if (guard.kind === 'token') return guard;
  const { env } = parts.use(await guard.identities.mount(pod, folder));
  return { kind: 'tls', env, caller: async () => guard.identities.caller(pod.metadata.uid) };
}
