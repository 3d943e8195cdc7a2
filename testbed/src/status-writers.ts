// Who may try to write the status of a NodeTask, each with a real token, and how.
import { createHash } from 'node:crypto';
import { agentFieldManager, applyPatchBody, groupVersion, kind } from '@nodetask/shared';
import type { Cluster } from './cluster.ts';
import type { KubeClient } from './kube/kube-client.ts';

/** What the API server answered. */
export interface Written {
  readonly status: number;
  readonly message: string;
  readonly object: NodeTaskObject;
  readonly ms: number;
}

export interface Row {
  readonly pod: string;
  readonly [field: string]: unknown;
}

export interface Owner {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

export interface NodeTaskObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly Owner[];
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: { readonly targets?: readonly Row[]; readonly [field: string]: unknown };
}

export const managerOf = (pod: string): string => agentFieldManager(createHash('sha256').update(pod).digest('hex'));

/** One that writes to status with a token of its own. */
export class StatusWriter implements Disposable {
  readonly #client: KubeClient;
  readonly #namespace: string;
  /** Under which it applies. */
  readonly manager: string;

  constructor(client: KubeClient, namespace: string, manager: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.manager = manager;
  }

  /** Server-side apply with force. */
  async apply(name: string, status: object | undefined, manager = this.manager): Promise<Written> {
    const metadata = { name, namespace: this.#namespace };
    const body = { apiVersion: groupVersion, kind, metadata, ...(status === undefined ? {} : { status }) };
    const path = `${name}/status?fieldManager=${manager}&force=true`;
    return this.#send('PATCH', path, applyPatchBody(body), 'apply-patch+yaml');
  }

  /** Applies rows. */
  async rows(name: string, rows: readonly Row[], manager = this.manager): Promise<Written> {
    return this.apply(name, { targets: rows }, manager);
  }

  async mergePatch(name: string, body: object, manager = this.manager): Promise<Written> {
    return this.#send('PATCH', `${name}/status?fieldManager=${manager}`, body, 'merge-patch+json');
  }

  async jsonPatch(name: string, operations: readonly object[], manager = this.manager): Promise<Written> {
    return this.#send('PATCH', `${name}/status?fieldManager=${manager}`, operations, 'json-patch+json');
  }

  async replace(object: NodeTaskObject): Promise<Written> {
    return this.#send('PUT', `${object.metadata.name}/status?fieldManager=${this.manager}`, object, 'json');
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #send(method: 'PATCH' | 'PUT', path: string, body: unknown, type: string): Promise<Written> {
    const start = performance.now();
    const answer = await this.#client.raw({
      method,
      path: `/apis/${groupVersion}/namespaces/${this.#namespace}/nodetasks/${path}`,
      body,
      contentType: `application/${type}`,
    });
    const ms = performance.now() - start;
    const { message = '' } = answer.body as { readonly message?: string };
    return { status: answer.status, message, object: answer.body as NodeTaskObject, ms };
  }
}

/** Makes writers: pods with no agent in them, whose tokens tests use, and others. */
export class StatusWriters implements Disposable {
  readonly #cluster: Cluster;
  readonly #made: StatusWriter[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A pod of the agents' service account, and its writer. Nothing runs in it. */
  async pod(
    name: string,
    { namespace = this.#cluster.namespace, manager = managerOf(name) } = {},
  ): Promise<StatusWriter & { readonly uid: string }> {
    const { metadata } = await this.#cluster.admin.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { serviceAccountName: 'nodetask-agent', containers: [{ name: 'any', image: 'testbed/any' }] },
    });
    const uid = String((metadata as { uid?: string }).uid);
    const writer = await this.#account(namespace, 'nodetask-agent', manager, { name, uid });
    return Object.assign(writer, { uid });
  }

  /** The same service account, by a token that is bound to no pod. */
  async unbound(): Promise<StatusWriter> {
    return this.#account(this.#cluster.namespace, 'nodetask-agent', 'nodetask-agent-0123456789abcdef');
  }

  async operator(): Promise<StatusWriter> {
    return this.#account('nodetask-system', 'nodetask-operator', 'nodetask-operator', undefined);
  }

  /** Of system:masters. */
  async admin(): Promise<StatusWriter> {
    return this.#keep(await this.#cluster.controlPlane.clientFor(this.#cluster.controlPlane.adminToken), 'admin');
  }

  [Symbol.dispose](): void {
    for (const writer of this.#made) writer[Symbol.dispose]();
  }

  async #account(
    namespace: string,
    serviceAccount: string,
    manager: string,
    pod?: { readonly name: string; readonly uid: string },
  ): Promise<StatusWriter> {
    const { controlPlane } = this.#cluster;
    const request = { namespace, serviceAccount, ...(pod === undefined ? {} : { pod }) };
    const { token } = await controlPlane.serviceAccountToken(request);
    return this.#keep(await controlPlane.clientFor(token), manager);
  }

  #keep(client: KubeClient, manager: string): StatusWriter {
    const writer = new StatusWriter(client, this.#cluster.namespace, manager);
    this.#made.push(writer);
    return writer;
  }
}
