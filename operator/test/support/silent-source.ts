import { createServer, type Socket } from 'node:net';

/** A server that takes connections and says nothing: what a task fetches from it goes on until this is released. */
export class SilentSource implements AsyncDisposable {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  #connected = Promise.withResolvers<void>();
  #isConnected = false;

  static async start(): Promise<SilentSource> {
    const source = new SilentSource();
    source.#server.on('connection', (socket) => {
      source.#sockets.add(socket);
      socket.on('close', () => {
        source.#sockets.delete(socket);
        if (source.#sockets.size === 0) source.#wasConnected();
      });
      // The other side may go away as it likes.
      socket.on('error', () => undefined);
      // The end of what is not read is never seen.
      socket.resume();
      source.#isConnected = true;
      source.#connected.resolve();
    });
    await new Promise<void>((resolve) => source.#server.listen(0, '127.0.0.1', resolve));
    return source;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the source does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Resolves when a task is connected. */
  async connected(): Promise<void> {
    await this.#connected.promise;
  }

  /** Hangs up on everybody: the tasks fail. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#wasConnected();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  /** Who waits for the next connection already goes on waiting for that. */
  #wasConnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#connected = Promise.withResolvers();
  }
}
