// The pieces of a control plane before they run: keys, tokens, policies, ports, and the three processes.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { writeKubeconfig } from '../kube/kubeconfig.ts';
import { freePort } from '../net/free-port.ts';
import { ManagedProcess } from '../process/managed-process.ts';
import type { FindProgramOptions } from '../programs/find-program.ts';
import type { TempFolder } from '../temp-folder.ts';
import { apiServerArgs, AUDIT_POLICY, CONTROLLERS, controllerManagerArgs, etcdArgs, LOOPBACK } from './flags.ts';
import { untilApiServerReady, untilDefaultAccount } from './readiness.ts';

export interface ControlPlaneOptions {
  /** Without it there are no service accounts made for namespaces, no StatefulSets, no garbage collection (default true). */
  readonly controllerManager?: boolean;
  /** The controllers of kube-controller-manager (default: what a cluster without nodes needs; `['*']` is what Kubernetes runs). */
  readonly controllers?: readonly string[];
  /** Where the API server listens, and where pods reach it (default 127.0.0.1: there are no pods that could). */
  readonly address?: string;
  /** More flags for kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  /** Keep the temp folder (logs, audit log, etcd data) after stop(), for a look by eye (default: if NODETASK_TESTBED_KEEP is set). */
  readonly keepFolder?: boolean;
  /**
   * Whether its requests count when the rights of the chart are set against what is used (charts/replay; default true). Not where a test does in
   * the name of an agent what none of ours does.
   */
  readonly countRights?: boolean;
  readonly programs?: FindProgramOptions;
}

export interface ControlPlaneParts {
  readonly folder: TempFolder;
  readonly keepFolder: boolean;
  readonly countRights: boolean;
  readonly server: string;
  readonly caFile: string;
  readonly adminToken: string;
  readonly adminKubeconfig: string;
  readonly auditLogFile: string;
  readonly kubectlProgram: string;
  readonly etcdUrl: string;
  readonly etcd: ManagedProcess;
  readonly apiServer: ManagedProcess;
  readonly controllerManager: ManagedProcess | undefined;
}

/** Writes keys, tokens and policies and chooses the ports; starts nothing. */
export async function prepareParts(
  folder: TempFolder,
  programs: Readonly<Record<'etcd' | 'kube-apiserver' | 'kubectl', string>> & {
    readonly 'kube-controller-manager'?: string;
  },
  options: ControlPlaneOptions,
): Promise<ControlPlaneParts> {
  const at = (...parts: string[]): string => join(folder.path, ...parts);
  const adminToken = randomBytes(16).toString('hex');
  const [clientPort, peerPort, apiPort, managerPort] = await Promise.all(
    Array.from({ length: 4 }, async () => freePort()),
  );
  const etcdUrl = `http://127.0.0.1:${String(clientPort)}`;
  const address = options.address ?? LOOPBACK;
  const server = `https://${address}:${String(apiPort)}`;
  const caFile = at('certs', 'apiserver.crt');
  const keyFile = at('service-account.key');
  await mkdir(at('etcd'), { mode: 0o700 });
  // ECDSA: made in a millisecond, and the API server signs with ES256 as well as with RS256.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  await writeFile(at('tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await writeFile(at('audit-policy.yaml'), AUDIT_POLICY);
  const adminKubeconfig = await writeKubeconfig(at('admin.kubeconfig'), { server, caFile, token: adminToken });
  const managerProgram = programs['kube-controller-manager'];

  const etcd = new ManagedProcess({
    name: 'etcd',
    logFile: at('etcd.log'),
    command: () => ({
      program: programs.etcd,
      args: etcdArgs({
        dataFolder: at('etcd'),
        clientUrl: etcdUrl,
        peerUrl: `http://127.0.0.1:${String(peerPort)}`,
      }),
    }),
  });
  const apiServer = new ManagedProcess({
    name: 'kube-apiserver',
    logFile: at('kube-apiserver.log'),
    command: () => ({
      program: programs['kube-apiserver'],
      args: apiServerArgs({
        etcdUrl,
        address,
        port: Number(apiPort),
        certFolder: at('certs'),
        serviceAccountKeyFile: keyFile,
        tokenFile: at('tokens.csv'),
        auditPolicyFile: at('audit-policy.yaml'),
        auditLogFile: at('audit.log'),
        extra: options.apiServerFlags ?? [],
      }),
    }),
    ready: async (signal) => untilApiServerReady(server, caFile, adminToken, signal),
    // It waits up to a minute for watches to end; nothing here needs that.
    graceMs: 2_000,
  });
  const controllerManager =
    managerProgram === undefined
      ? undefined
      : new ManagedProcess({
          name: 'kube-controller-manager',
          logFile: at('kube-controller-manager.log'),
          command: () => ({
            program: managerProgram,
            args: controllerManagerArgs({
              kubeconfig: adminKubeconfig,
              port: Number(managerPort),
              certFolder: at('controller-manager-certs'),
              serviceAccountKeyFile: keyFile,
              caFile,
              controllers: options.controllers ?? CONTROLLERS,
            }),
          }),
          ready: async (signal) => untilDefaultAccount(server, caFile, adminToken, signal),
        });
  return {
    folder,
    keepFolder: options.keepFolder ?? loadConfig().keepFolders,
    countRights: options.countRights ?? true,
    server,
    caFile,
    adminToken,
    adminKubeconfig,
    auditLogFile: at('audit.log'),
    kubectlProgram: programs.kubectl,
    etcdUrl,
    etcd,
    apiServer,
    controllerManager,
  };
}
