// A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, with RBAC and audit log on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, toolEnvironment } from './config.ts';
import { readAuditLog } from './control-plane/audit-log.ts';
import type { AuditEvent } from './control-plane/audit-log.ts';
import { saveAuditSummary } from './control-plane/audit-summary.ts';
import { prepareParts } from './control-plane/parts.ts';
import type { ControlPlaneOptions, ControlPlaneParts } from './control-plane/parts.ts';
import { requestServiceAccountToken } from './control-plane/service-account-token.ts';
import type { ServiceAccountToken, ServiceAccountTokenRequest } from './control-plane/service-account-token.ts';
import { writeKubeconfig } from './kube/kubeconfig.ts';
import { KubeClient } from './kube/kube-client.ts';
import type { ManagedProcess } from './process/managed-process.ts';
import { runCommand } from './process/run-command.ts';
import type { CommandResult } from './process/run-command.ts';
import { findPrograms } from './programs/find-program.ts';
import { makeTempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

const READY_TIMEOUT_MS = 60_000;

/** Starts the control plane and waits until it serves and the `default` service account exists. Everything ends with stop(). */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const programs = await findPrograms(
    options.controllerManager === false
      ? ['etcd', 'kube-apiserver', 'kubectl']
      : ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager'],
    options.programs,
  );
  const folder = await makeTempFolder(loadConfig().tempRoot, 'control-plane');
  const controlPlane = new ControlPlane(await prepareParts(folder, programs, options));
  try {
    await controlPlane.start();
    return controlPlane;
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

export class ControlPlane implements AsyncDisposable {
  /** https://127.0.0.1:port, or another address if that was asked for. */
  readonly server: string;
  /** PEM file that clients must trust; valid for the address of `server` with any port. */
  readonly caFile: string;
  /** kubeconfig of a user in system:masters. */
  readonly adminKubeconfig: string;
  readonly adminToken: string;
  readonly auditLogFile: string;
  /** Holds everything: data, certificates, logs. */
  readonly folder: string;
  /** http://127.0.0.1:port of etcd's gRPC and JSON API, without authentication: to compact it, or to look behind the API server. */
  readonly etcdUrl: string;
  readonly etcd: ManagedProcess;
  /** Stop and start it alone for an outage: it keeps its port. pause() makes it unresponsive with its connections open. */
  readonly apiServer: ManagedProcess;
  readonly controllerManager: ManagedProcess | undefined;
  readonly #parts: ControlPlaneParts;
  #admin: KubeClient | undefined;

  /** Use startControlPlane(). */
  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    this.server = parts.server;
    this.caFile = parts.caFile;
    this.adminKubeconfig = parts.adminKubeconfig;
    this.adminToken = parts.adminToken;
    this.auditLogFile = parts.auditLogFile;
    this.folder = parts.folder.path;
    this.etcdUrl = parts.etcdUrl;
    this.etcd = parts.etcd;
    this.apiServer = parts.apiServer;
    this.controllerManager = parts.controllerManager;
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
    const { auditFolder } = loadConfig();
    if (auditFolder !== undefined && this.#parts.countRights) await saveAuditSummary(this.auditLogFile, auditFolder);
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
