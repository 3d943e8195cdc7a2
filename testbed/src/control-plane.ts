// A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, with RBAC and audit log on.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, toolEnvironment } from './config.ts';
import { readAuditLog } from './control-plane/audit-log.ts';
import type { AuditEvent } from './control-plane/audit-log.ts';
import { apiServerArgs, AUDIT_POLICY, controllerManagerArgs, etcdArgs } from './control-plane/flags.ts';
import { requestServiceAccountToken } from './control-plane/service-account-token.ts';
import type { ServiceAccountToken, ServiceAccountTokenRequest } from './control-plane/service-account-token.ts';
import { writeKubeconfig } from './kube/kubeconfig.ts';
import { KubeClient } from './kube/kube-client.ts';
import { freePort } from './net/free-port.ts';
import { ManagedProcess } from './process/managed-process.ts';
import { errorCode } from './process/process-identity.ts';
import { runCommand } from './process/run-command.ts';
import type { CommandResult } from './process/run-command.ts';
import { findPrograms } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';
import { makeTempFolder } from './temp-folder.ts';
import type { TempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

const READY_TIMEOUT_MS = 60_000;

export interface ControlPlaneOptions {
  /** Without it there are no service accounts made for namespaces, no StatefulSets, no garbage collection (default true). */
  readonly controllerManager?: boolean;
  /** More flags for kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  /** Keep the temp folder (logs, audit log, etcd data) after stop(), for a look by eye (default: if NODETASK_TESTBED_KEEP is set). */
  readonly keepFolder?: boolean;
  readonly programs?: FindProgramOptions;
}

/** Starts the control plane and waits until it serves and the `default` service account exists. Everything ends with stop(). */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const programs = await findPrograms(
    options.controllerManager === false
      ? ['etcd', 'kube-apiserver', 'kubectl']
      : ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager'],
    options.programs,
  );
  const folder = await makeTempFolder(loadConfig().tempRoot, 'control-plane');
  const controlPlane = await ControlPlane.prepare(folder, programs, options);
  try {
    await controlPlane.start();
    return controlPlane;
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

interface ControlPlaneParts {
  readonly folder: TempFolder;
  readonly keepFolder: boolean;
  readonly server: string;
  readonly caFile: string;
  readonly adminToken: string;
  readonly adminKubeconfig: string;
  readonly auditLogFile: string;
  readonly kubectlProgram: string;
  readonly etcd: ManagedProcess;
  readonly apiServer: ManagedProcess;
  readonly controllerManager: ManagedProcess | undefined;
}

export class ControlPlane implements AsyncDisposable {
  /** https://127.0.0.1:port */
  readonly server: string;
  /** PEM file that clients must trust; valid for 127.0.0.1 with any port. */
  readonly caFile: string;
  /** kubeconfig of a user in system:masters. */
  readonly adminKubeconfig: string;
  readonly adminToken: string;
  readonly auditLogFile: string;
  /** Holds everything: data, certificates, logs. */
  readonly folder: string;
  readonly etcd: ManagedProcess;
  /** Stop and start it alone for an outage: it keeps its port. pause() makes it unresponsive with its connections open. */
  readonly apiServer: ManagedProcess;
  readonly controllerManager: ManagedProcess | undefined;
  readonly #parts: ControlPlaneParts;
  #admin: KubeClient | undefined;

  private constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    this.server = parts.server;
    this.caFile = parts.caFile;
    this.adminKubeconfig = parts.adminKubeconfig;
    this.adminToken = parts.adminToken;
    this.auditLogFile = parts.auditLogFile;
    this.folder = parts.folder.path;
    this.etcd = parts.etcd;
    this.apiServer = parts.apiServer;
    this.controllerManager = parts.controllerManager;
  }

  /** Writes keys, tokens and policies and chooses the ports; starts nothing. Use startControlPlane(). */
  static async prepare(
    folder: TempFolder,
    programs: Readonly<Record<'etcd' | 'kube-apiserver' | 'kubectl', string>> & {
      readonly 'kube-controller-manager'?: string;
    },
    options: ControlPlaneOptions,
  ): Promise<ControlPlane> {
    const at = (...parts: string[]): string => join(folder.path, ...parts);
    const adminToken = randomBytes(16).toString('hex');
    const [clientPort, peerPort, apiPort, managerPort] = await Promise.all(
      Array.from({ length: 4 }, async () => freePort()),
    );
    const etcdUrl = `http://127.0.0.1:${String(clientPort)}`;
    const server = `https://127.0.0.1:${String(apiPort)}`;
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
          port: Number(apiPort),
          certFolder: at('certs'),
          serviceAccountKeyFile: keyFile,
          tokenFile: at('tokens.csv'),
          auditPolicyFile: at('audit-policy.yaml'),
          auditLogFile: at('audit.log'),
          extra: options.apiServerFlags ?? [],
        }),
      }),
      ready: async (signal) => untilReady(server, caFile, '/readyz', adminToken, signal),
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
              }),
            }),
            ready: async (signal) => untilDefaultAccount(server, caFile, adminToken, signal),
          });
    return new ControlPlane({
      folder,
      keepFolder: options.keepFolder ?? loadConfig().keepFolders,
      server,
      caFile,
      adminToken,
      adminKubeconfig,
      auditLogFile: at('audit.log'),
      kubectlProgram: programs.kubectl,
      etcd,
      apiServer,
      controllerManager,
    });
  }

  /** The admin's client. Available once the API server has been ready. */
  get admin(): KubeClient {
    if (this.#admin === undefined) throw new Error('the control plane has not been ready yet');
    return this.#admin;
  }

  /** Starts all parts in order and waits until they serve. */
  async start(): Promise<void> {
    // The API server waits for etcd by itself.
    await this.etcd.launch();
    await this.apiServer.start();
    this.#admin = await this.clientFor(this.adminToken);
    if (this.controllerManager === undefined) return;
    await this.controllerManager.start();
  }

  /** Stops everything, controller manager first, and removes the folder. */
  async stop(): Promise<void> {
    this.#admin?.[Symbol.dispose]();
    await this.controllerManager?.stop();
    await this.apiServer.stop();
    await this.etcd.stop();
    if (this.#parts.keepFolder) await this.#parts.folder.keep();
    else await this.removeFolder();
  }

  /** For after a stop() with `keepFolder`. */
  async removeFolder(): Promise<void> {
    await this.#parts.folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A client with another token, or through another address (a fault proxy). The caller disposes it. */
  async clientFor(token: string, server = this.server): Promise<KubeClient> {
    return new KubeClient({ server, token, ca: await readFile(this.caFile, 'utf8') });
  }

  /** Writes a kubeconfig into the folder. `server` may be a proxy's https://127.0.0.1:port. */
  async kubeconfig(
    name: string,
    options: {
      readonly token?: string | { readonly file: string };
      readonly server?: string;
      readonly namespace?: string;
    } = {},
  ): Promise<string> {
    return writeKubeconfig(join(this.folder, `${name}.kubeconfig`), {
      server: options.server ?? this.server,
      caFile: this.caFile,
      token: options.token ?? this.adminToken,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    });
  }

  /** A token by the TokenRequest API. */
  async serviceAccountToken(request: ServiceAccountTokenRequest): Promise<ServiceAccountToken> {
    return requestServiceAccountToken(this.admin, request);
  }

  /** Makes a namespace and waits until pods can be created in it. */
  async createNamespace(name: string): Promise<void> {
    await this.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    if (this.controllerManager === undefined) return;
    await waitFor(async () => this.admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), {
      what: `the service account ${name}/default`,
      timeoutMs: READY_TIMEOUT_MS,
    });
  }

  /** Runs the real kubectl as admin. Answers also if it fails: look at `code`. */
  async kubectl(
    args: readonly string[],
    options: { readonly input?: string; readonly kubeconfig?: string } = {},
  ): Promise<CommandResult> {
    return runCommand(
      this.#parts.kubectlProgram,
      ['--kubeconfig', options.kubeconfig ?? this.adminKubeconfig, ...args],
      {
        cwd: this.folder,
        // Its discovery cache must not come from, or go to, the user's home.
        env: toolEnvironment({ HOME: this.folder, KUBECACHEDIR: join(this.folder, 'kubectl-cache') }),
        ...(options.input === undefined ? {} : { input: options.input }),
      },
    );
  }

  /** The path of the kubectl that kubectl() runs. */
  get kubectlProgram(): string {
    return this.#parts.kubectlProgram;
  }

  /** Every request that the API server has answered, oldest first. */
  async auditEvents(): Promise<AuditEvent[]> {
    return readAuditLog(this.auditLogFile);
  }
}

async function untilReady(
  server: string,
  caFile: string,
  path: string,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  let last = 'no answer yet';
  await waitFor(
    async () => {
      const ca = await readIfPresent(caFile);
      if (ca === undefined) return false;
      using client = new KubeClient({ server, ca, token, timeoutMs: 5_000 });
      try {
        const { status } = await client.raw({ method: 'GET', path, signal });
        last = `HTTP ${status}`;
        return status === 200;
      } catch (error) {
        signal.throwIfAborted();
        last = error instanceof Error ? error.message : String(error);
        return false;
      }
    },
    { what: `${server}${path} to answer 200`, timeoutMs: READY_TIMEOUT_MS, signal, detail: () => last },
  );
}

/** Pods are refused in a namespace until its `default` service account exists. */
async function untilDefaultAccount(server: string, caFile: string, token: string, signal: AbortSignal): Promise<void> {
  using client = new KubeClient({ server, token, ca: await readFile(caFile, 'utf8') });
  await waitFor(async () => client.get('/api/v1/namespaces/default/serviceaccounts/default'), {
    what: 'kube-controller-manager to make the service account default/default',
    timeoutMs: READY_TIMEOUT_MS,
    signal,
  });
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
