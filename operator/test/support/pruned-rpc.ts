import { createServer } from 'node:http';

const status = {
  node_info: { id: '0123456789abcdef0123456789abcdef01234567', network: 'pruned-1' },
  sync_info: { latest_block_height: '200', earliest_block_height: '100' },
};

/** The RPC of a node that has no block below 100: an export from the first one fails, and waiting does not help. */
export class PrunedRPC implements AsyncDisposable {
  readonly #server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id: -1, result: status }));
  });

  static async start(): Promise<PrunedRPC> {
    const rpc = new PrunedRPC();
    await new Promise<void>((resolve) => rpc.#server.listen(0, '127.0.0.1', resolve));
    return rpc;
  }

  /** Params of a result-export that asks this node for the first block. */
  get params(): Readonly<Record<string, unknown>> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the RPC does not listen');
    const rpcEndpoint = `http://127.0.0.1:${address.port}`;
    return { bucket: 'results', region: 'eu-central-1', rpcEndpoint, startHeight: 1 };
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
