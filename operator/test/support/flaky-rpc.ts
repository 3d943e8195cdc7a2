import { createServer } from 'node:http';

const genesis = JSON.stringify({
  chain_id: 'flaky-1',
  genesis_time: '2026-01-01T00:00:00Z',
  app_state: {},
});

/** The RPC of a node that hangs up on its callers until it is mended, and then has a genesis to give. */
export class FlakyRPC implements AsyncDisposable {
  readonly #server = createServer();
  #isBroken = true;
  /** Calls since the start. */
  calls = 0;

  static async start(): Promise<FlakyRPC> {
    const rpc = new FlakyRPC();
    rpc.#server.on('request', (request, response) => {
      rpc.calls += 1;
      if (rpc.#isBroken) {
        request.socket.destroy();
        return;
      }
      const data = Buffer.from(genesis).toString('base64');
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: -1, result: { chunk: '0', total: '1', data } }));
    });
    await new Promise<void>((resolve) => rpc.#server.listen(0, '127.0.0.1', resolve));
    return rpc;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the RPC does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  breakDown(): void {
    this.#isBroken = true;
  }

  mend(): void {
    this.#isBroken = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
