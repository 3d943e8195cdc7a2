import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LoopbackServer } from '../../../src/node/testing/loopback-server.ts';

const MiB = 1024 * 1024;

/**
 * RPC nodes and a bucket on one port of this machine, which answer with as much as the tasks take: `/chunks` with a genesis in pieces of 16 MiB,
 * `/whole` with one of 48 MiB in one answer, `/small` with a small one, `/blocks/<MiB>` with block results of that size, `/wide/<n>` with the largest status that is
 * read, and `/bucket`, which takes objects and keeps none.
 */
export class FullServers implements AsyncDisposable {
  readonly #server: LoopbackServer;
  readonly #blocks = new Map<number, Buffer>();
  /** Objects that the bucket has been sent, by their first folder. */
  readonly stored = new Map<string, number>();

  private constructor(requests: Server, server: LoopbackServer) {
    this.#server = server;
    requests.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  static async start(): Promise<FullServers> {
    const requests = createServer();
    return new FullServers(requests, await LoopbackServer.listen(requests));
  }

  get url(): string {
    return `http://${this.#server.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const [, kind = '', ...rest] = url.pathname.split('/');
    if (kind === 'bucket') return this.#store(request, response, url, rest);
    request.resume();
    const method = rest.at(-1);
    const respond = (...result: readonly (string | Buffer)[]): void => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"jsonrpc":"2.0","id":-1,"result":');
      for (const part of result) response.write(part);
      response.end('}');
    };
    if (method === 'status') return respond(kind === 'wide' ? wideStatus(Number(rest[0])) : status(1, ''));
    if (kind === 'wide') return respond(wideCommit(url.searchParams.get('height') ?? ''));
    if (kind === 'blocks') {
      return respond(
        `{"height":"${url.searchParams.get('height') ?? ''}","txs_results":[`,
        this.#block(Number(rest[0])),
        '{}]}',
      );
    }
    if (method === 'genesis_chunked' && kind === 'chunks') {
      const chunk = Number(url.searchParams.get('chunk'));
      return respond(`{"chunk":"${chunk}","total":"${chunks}","data":"${chunkOf(chunk)}"}`);
    }
    if (method === 'genesis' && kind === 'small') return respond(`{"genesis":${genesisStart}1]}}}`);
    if (method === 'genesis' && kind === 'whole')
      return respond(`{"genesis":${genesisStart}${'1,'.repeat(24 * MiB - 100)}1]}}}`);
    response.writeHead(404).end();
  }

  /** As much of S3 as an upload needs. */
  async #store(request: IncomingMessage, response: ServerResponse, url: URL, path: readonly string[]): Promise<void> {
    for await (const _ of request);
    const xml = (content: string): void => {
      response.writeHead(200, { 'content-type': 'application/xml', etag: '"e"' }).end(content);
    };
    if (request.method === 'PUT') {
      if (!url.searchParams.has('partNumber')) this.#stored(path);
      return xml('');
    }
    if (request.method === 'POST' && url.searchParams.has('uploads')) {
      return xml('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
    }
    if (request.method === 'POST') {
      this.#stored(path);
      return xml('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
    }
    if (request.method === 'DELETE') return void response.writeHead(204).end();
    if (url.searchParams.has('uploads')) return xml('<ListMultipartUploadsResult></ListMultipartUploadsResult>');
    response.writeHead(404, { 'content-type': 'application/xml' });
    response.end('<Error><Code>NoSuchKey</Code><Message>none</Message></Error>');
  }

  /** The same memory for all answers of one size: they may be hundreds at once. */
  #block(size: number): Buffer {
    const known = this.#blocks.get(size);
    if (known !== undefined) return known;
    const block = Buffer.from(blockItem.repeat((size * MiB) / blockItem.length));
    this.#blocks.set(size, block);
    return block;
  }

  #stored([folder = '']: readonly string[]): void {
    this.stored.set(folder, (this.stored.get(folder) ?? 0) + 1);
  }
}

const status = (node: number, more: string): string =>
  `{"node_info":{"id":"${String(node).padStart(40, '0')}","network":"full-1"},"sync_info":{"latest_block_height":"1000","earliest_block_height":"1"}${more}}`;

/** Of objects, which take most memory once they are parsed. */
const fillTo = (bytes: number, text: string): string => '{},'.repeat((bytes - text.length) / 3);

const wideStatus = (node: number): string => {
  const bare = status(node, ',"x":[0]');
  return status(node, `,"x":[${fillTo(255 * 1024, bare)}0]`);
};

const wideCommit = (height: string): string => {
  const header = `{"chain_id":"full-1","height":"${height}","time":"${new Date().toISOString()}"}`;
  const signed = `{"header":${header},"commit":{"height":"${height}","block_id":{"hash":"${'A'.repeat(64)}"}}}`;
  return `{"signed_header":${signed},"x":[${fillTo(1000 * 1024, signed)}0]}`;
};

const blockItem = '{"code":0,"data":"AAAA"},';

const chunks = 8;
const chunkBytes = 16 * MiB;
const genesisStart = '{"genesis_time":"2024-01-01T00:00:00Z","chain_id":"full-1","app_state":{"x":[';

const chunkOf = (chunk: number): string => {
  const text = Buffer.alloc(chunkBytes, '1,');
  if (chunk === 0) text.write(`${genesisStart}1,`.padEnd(200, ' '));
  if (chunk === chunks - 1) text.write('1]}}'.padEnd(200, ' '), chunkBytes - 200);
  return text.toString('base64');
};
