import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What kube-proxy makes of the operator's Service: one address whose connections go to the replicas that are ready, by turns. */
export class LoopbackService implements AsyncDisposable {
  readonly #server: Server;
  readonly #ports = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor() {
    this.#server = createServer((socket) => {
      this.#forward(socket);
    });
  }

  static async listen(): Promise<LoopbackService> {
    const service = new LoopbackService();
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(replica: string, port: number): void {
    this.#ports.set(replica, port);
  }

  /** Connections that are open stay. */
  remove(replica: string): void {
    this.#ports.delete(replica);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #forward(client: Socket): void {
    const ports = [...this.#ports.values()];
    const port = ports[this.#turn++ % ports.length];
    if (port === undefined) {
      client.destroy();
      return;
    }
    const replica = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, replica],
      [replica, client],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      // The other side is told by the end of its connection.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
