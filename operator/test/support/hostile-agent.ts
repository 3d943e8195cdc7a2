import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { agentLabel, agentLabelValue, agentPort } from '@nodetask/shared';
import { type Cluster, freeLoopbackAddress, waitFor } from '@nodetask/testbed';

/** A request as far as a hostile agent cares. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What it does with a request: anything that can be done with a socket. */
export type Behaviour = (socket: Socket, request: HostileRequest) => void;

/** A pod whose agent does what a test wants of it, byte by byte. It has the label, an address, a service account, and no rights beyond those of all agents. */
export class HostileAgent implements AsyncDisposable {
  readonly name: string;
  readonly uid: string;
  readonly requests: HostileRequest[] = [];
  /** What went wrong with a socket; the other side may hang up as it likes. */
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  behaviour: Behaviour;

  private constructor(name: string, uid: string, behaviour: Behaviour) {
    this.name = name;
    this.uid = uid;
    this.behaviour = behaviour;
    this.#server = createServer((socket) => {
      this.#serve(socket);
    });
  }

  static async start(
    cluster: Cluster,
    name: string,
    behaviour: Behaviour,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<HostileAgent> {
    const { admin, namespace } = cluster;
    const { metadata } = await admin.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { [agentLabel]: agentLabelValue, ...labels } },
      spec: {
        serviceAccountName: 'nodetask-agent',
        containers: [{ name: 'agent', image: 'testbed/agent' }],
        // The fake kubelet leaves it alone.
        schedulingGates: [{ name: 'nodetask.dev/hostile' }],
      },
    });
    const uid = String((metadata as { readonly uid?: string }).uid);
    const agent = new HostileAgent(name, uid, behaviour);
    const ip = await freeLoopbackAddress(agentPort);
    agent.#server.listen(agentPort, ip);
    await once(agent.#server, 'listening');
    await admin.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      body: { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } },
      contentType: 'application/merge-patch+json',
    });
    return agent;
  }

  /** Waits until the operator has called it so often. */
  async untilCalled(times = 1, timeoutMs = 60_000): Promise<void> {
    await waitFor(() => this.requests.length >= times, {
      what: `${times} calls of ${this.name}`,
      timeoutMs,
      detail: () => `${this.requests.length} so far`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // The operator hangs up on what it has had enough of.
    socket.on('error', () => undefined);
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let request = takeRequest(received); request !== undefined; request = takeRequest(received)) {
        received = request.rest;
        this.requests.push(request);
        this.behaviour(socket, request);
      }
    });
  }
}

/** The first whole request of what was received, and what follows it. */
const takeRequest = (received: string): (HostileRequest & { readonly rest: string }) | undefined => {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < bodyEnd) return undefined;
  return { method, path, headers, body: received.slice(end + 4, bodyEnd), rest: received.slice(bodyEnd) };
};

/** The id of the task that a request is about. */
export const idOf = ({ method, path, body }: HostileRequest): string =>
  method === 'POST' ? (JSON.parse(body) as { readonly id: string }).id : (path.split('/')[3] ?? '');

/** Answers with a status, JSON (or text as it is) and headers. */
export const answer = (
  socket: Socket,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string | number>> = {},
): void => {
  const text = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const all = { 'content-type': 'application/json', 'content-length': text.length, ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} x\r\n${head.join('')}\r\n`);
  socket.write(text);
};

/** Writes the same again and again, as fast as the other side reads, until it hangs up. */
export const flood = (socket: Socket, chunk: string | Buffer): void => {
  const go = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', go);
  go();
};
