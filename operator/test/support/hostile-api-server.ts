import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** The answers of the server to lists, watches and everything else. A behaviour that does not answer leaves the request open. */
export interface Behaviour {
  readonly list?: Answer;
  readonly watch?: Answer;
}

export type Answer = (response: ServerResponse, request: { readonly url: URL; readonly plural: string }) => void;

/**
 * An API server that knows as much of the protocol as the start of an operator needs, has no objects, and turns against its clients when it is told to: with
 * the answers that a test gives it.
 */
export class HostileAPIServer implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    void this.#answer(request, response);
  });
  readonly #watches = new Set<ServerResponse>();
  /** Paths that were listed since the behaviour began. */
  readonly #listed = new Set<string>();
  #behaviour: Behaviour = {};
  #bytes = 0;
  #cut = 0;

  static async start(): Promise<HostileAPIServer> {
    const server = new HostileAPIServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return `http://127.0.0.1:${String(address.port)}`;
  }

  /** Bytes of floods that were taken, since the behaviour began. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Floods that the client has cut off, since the behaviour began. */
  get cut(): number {
    return this.#cut;
  }

  /** Begins to behave so; whoever watches has to list again. */
  turn(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
    this.#bytes = 0;
    this.#cut = 0;
    this.#listed.clear();
    for (const watch of this.#watches) watch.destroy();
  }

  /** Writes `chunks` until they end or the client hangs up, as fast as it reads. */
  async flood(response: ServerResponse, chunks: Iterable<Buffer>): Promise<void> {
    for (const chunk of chunks) {
      if (response.destroyed) break;
      this.#bytes += chunk.length;
      if (response.write(chunk)) await setImmediate();
      else await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
    }
    if (response.destroyed) this.#cut += 1;
    else response.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever hangs up in the middle of a flood is what the tests are about.
    response.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = await bodyOf(request);
    const plural = /\/(nodetasks|pods)$/.exec(url.pathname)?.[1];
    const target = { url, plural: plural ?? '' };
    response.setHeader('content-type', 'application/json');
    if (plural === undefined) {
      answerOther(request, response, body);
    } else if (!url.searchParams.has('watch')) {
      this.#listed.add(url.pathname);
      (this.#behaviour.list ?? emptyList)(response, target);
    } else if (this.#listed.has(url.pathname)) {
      this.#watches.add(response);
      response.on('close', () => this.#watches.delete(response));
      response.flushHeaders();
      this.#behaviour.watch?.(response, target);
    } else {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } })}\n`,
      );
    }
  }
}

export const emptyList: Answer = (response) => {
  response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** Leases are there for whoever wants them; everything else is not. */
const answerOther = ({ method, url = '' }: IncomingMessage, response: ServerResponse, body: string): void => {
  if ((method === 'POST' || method === 'PUT') && url.includes('/leases')) {
    const { metadata, ...lease } = JSON.parse(body) as { readonly metadata: object };
    response.end(JSON.stringify({ ...lease, metadata: { ...metadata, uid: 'u', resourceVersion: '1' } }));
    return;
  }
  response.statusCode = 404;
  response.end(JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' }));
};
