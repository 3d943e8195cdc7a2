// A plain client of the API server for the testbed and for assertions in tests. It shares no code with the operator, on purpose: a test must
// not judge the operator's transport with the operator's transport.
import { request as httpsRequest, Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { resourcePath } from './resource-path.ts';
import type { ApiResource } from './resource-path.ts';

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** The least that an object must have to be created or applied: every object type of a test fits. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface KubeClientOptions {
  /** https://host:port */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  /** Budget of one request but watches (default 30 s). */
  readonly timeoutMs?: number;
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query, from the root: /api/v1/namespaces/default/pods?limit=1 */
  readonly path: string;
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** What the API server answered with a status of 400 or more; the message is that of its Status object. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  readonly status: number;
  /** The `reason` of the Status object ("NotFound", "Invalid"), empty if there is none. */
  readonly reason: string;
  readonly body: unknown;

  constructor(request: string, status: number, body: unknown) {
    const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
    const message = typeof fields.message === 'string' ? fields.message : JSON.stringify(body);
    super(`${request}: ${status} ${message}`);
    this.status = status;
    this.reason = typeof fields.reason === 'string' ? fields.reason : '';
    this.body = body;
  }
}

export interface WatchEvent<T extends object = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export class KubeClient implements Disposable {
  readonly server: string;
  readonly #options: KubeClientOptions;
  readonly #agent: Agent;
  readonly #resources = new Map<string, Promise<readonly ApiResource[]>>();

  constructor(options: KubeClientOptions) {
    this.server = options.server;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.ca });
  }

  /** The parsed answer. Throws KubeApiError from status 400 on. */
  async request<T = KubeObject>(options: KubeRequest): Promise<T> {
    const { status, body } = await this.raw(options);
    if (status >= 400) throw new KubeApiError(`${options.method} ${options.path}`, status, body);
    return body as T;
  }

  /** Status, warnings and body of the answer, whatever the status. */
  async raw(options: KubeRequest): Promise<{ status: number; warnings: readonly string[]; body: unknown }> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? 30_000);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    const response = await this.#send(options, signal);
    const answer = await text(response);
    // Warning: 299 - "…", one header each. https://kubernetes.io/docs/reference/using-api/#warning
    const warnings = [response.headers.warning ?? []].flat();
    return { status: response.statusCode ?? 0, warnings, body: parseBody(answer) };
  }

  /** The path of an object (or, without name, of its collection), by discovery. */
  async pathOf(object: {
    apiVersion: string;
    kind: string;
    metadata?: { name?: string; namespace?: string };
  }): Promise<string> {
    let resource = (await this.#discover(object.apiVersion, false)).find(({ kind }) => kind === object.kind);
    // Perhaps a kind whose CRD came after the first look.
    resource ??= (await this.#discover(object.apiVersion, true)).find(({ kind }) => kind === object.kind);
    if (resource === undefined) throw new Error(`the API server serves no ${object.kind} in ${object.apiVersion}`);
    return resourcePath(object.apiVersion, resource, object.metadata ?? {});
  }

  async create<T extends Manifest>(object: T): Promise<T & KubeObject> {
    const { apiVersion, kind } = object;
    const { namespace } = object.metadata;
    const metadata = namespace === undefined ? {} : { namespace };
    return this.request({ method: 'POST', path: await this.pathOf({ apiVersion, kind, metadata }), body: object });
  }

  /** Server-side apply with force. */
  async apply<T extends Manifest>(object: T, fieldManager = 'testbed'): Promise<T & KubeObject> {
    return this.request({
      method: 'PATCH',
      path: `${await this.pathOf(object)}?fieldManager=${fieldManager}&force=true`,
      body: object,
      contentType: 'application/apply-patch+yaml',
    });
  }

  /** Applies every document of a YAML text, in its order. */
  async applyYaml(yaml: string): Promise<void> {
    for (const document of parseAllDocuments(yaml)) {
      const object: unknown = document.toJS();
      if (object === null || object === undefined) continue;
      await this.apply(object as KubeObject);
    }
  }

  /** Undefined if there is no such object. */
  async get<T extends object = KubeObject>(path: string): Promise<T | undefined> {
    const { status, body } = await this.raw({ method: 'GET', path });
    if (status === 404) return undefined;
    if (status >= 400) throw new KubeApiError(`GET ${path}`, status, body);
    return body as T;
  }

  /** Deletes the object; one that is not there, or (with `uid`) is another one by now, is fine. */
  async delete(
    path: string,
    options: { readonly gracePeriodSeconds?: number; readonly uid?: string } = {},
  ): Promise<void> {
    const { uid, ...rest } = options;
    const { status, body } = await this.raw({
      method: 'DELETE',
      path,
      body: uid === undefined ? rest : { ...rest, preconditions: { uid } },
    });
    if (status >= 400 && status !== 404 && !(uid !== undefined && status === 409)) {
      throw new KubeApiError(`DELETE ${path}`, status, body);
    }
  }

  /**
   * The events of a watch from `resourceVersion` on. Ends when the server or the signal ends it; throws when the connection is lost, and
   * KubeApiError on a refusal or an ERROR event.
   */
  async *watch<T extends object = KubeObject>(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    let response: IncomingMessage | undefined;
    try {
      const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
      const request: KubeRequest = { method: 'GET', path: `${path}${path.includes('?') ? '&' : '?'}${query}` };
      response = await this.#send(request, signal);
      if (response.statusCode !== 200) {
        throw new KubeApiError(`WATCH ${path}`, response.statusCode ?? 0, parseBody(await text(response)));
      }
      for await (const line of createInterface({ input: response })) yield parseEvent<T>(path, line);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // The caller may have had enough: the connection must not stay.
      response?.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #discover(apiVersion: string, afresh: boolean): Promise<readonly ApiResource[]> {
    const known = this.#resources.get(apiVersion);
    if (known !== undefined && !afresh) return known;
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources = this.get<KubeObject & { resources: ApiResource[] }>(path).then((list) =>
      (list?.resources ?? []).filter(({ name }) => !name.includes('/')),
    );
    this.#resources.set(apiVersion, resources);
    // An error is not remembered.
    resources.catch(() => this.#resources.delete(apiVersion));
    return resources;
  }

  async #send(options: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const body = options.body === undefined ? undefined : Buffer.from(textOf(options.body));
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${this.#options.server}${options.path}`,
        {
          method: options.method,
          agent: this.#agent,
          signal,
          headers: {
            authorization: `Bearer ${this.#options.token}`,
            accept: 'application/json',
            'user-agent': 'nodetask-testbed',
            ...(body === undefined
              ? {}
              : { 'content-type': options.contentType ?? 'application/json', 'content-length': body.length }),
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

function parseEvent<T extends object>(path: string, line: string): WatchEvent<T> {
  const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: { code?: number } };
  if (event.type !== 'ERROR') return event;
  throw new KubeApiError(`WATCH ${path}`, event.object.code ?? 0, event.object);
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function parseBody(answer: string): unknown {
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    // /readyz, /healthz and proxies answer plain text.
    return answer;
  }
}
