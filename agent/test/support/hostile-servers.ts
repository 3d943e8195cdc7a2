import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { endOfArchive, paddingAfter, tarHeader } from '../../src/archive/tar-header.ts';
import { flood } from '../../src/node/testing/flood.ts';
import { LoopbackServer } from '../../src/node/testing/loopback-server.ts';

type Respond = (request: IncomingMessage, response: ServerResponse, path: readonly string[]) => unknown;

/** Buckets and RPC nodes by the first part of the path, on one port of this machine. */
export class HostileServers implements AsyncDisposable {
  readonly #server: LoopbackServer;

  private constructor(server: LoopbackServer) {
    this.#server = server;
  }

  static async start(): Promise<HostileServers> {
    const server = createServer((request, response) => {
      request.resume();
      const [name = '', ...path] = (request.url ?? '').split('?')[0]?.slice(1).split('/') ?? [];
      responders[name]?.(request, response, path);
    });
    return new HostileServers(await LoopbackServer.listen(server));
  }

  get url(): string {
    return `http://${this.#server.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

const file = (path: string, content: Buffer): Buffer => {
  const head = tarHeader({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, bytes: content.length });
  return Buffer.concat([head, content, Buffer.alloc(paddingAfter(content.length))]);
};

/** 48 MiB that do not get smaller. */
const honestArchive = gzipSync(Buffer.concat([file('7/1/0', randomBytes(48 * 1024 ** 2)), endOfArchive]), { level: 0 });

/** A snapshot in less than a megabyte, and six gigabytes of zeros after its end. */
const tailBomb = (): Buffer => {
  const zeros = zstdCompressSync(Buffer.alloc(16 * 1024 ** 2));
  return Buffer.concat([
    zstdCompressSync(Buffer.concat([file('7/1/0', Buffer.from('chunk')), endOfArchive])),
    ...Array.from({ length: 384 }, () => zeros),
  ]);
};

const sendXml = (response: ServerResponse, xml: string, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
};

const missing = (response: ServerResponse): void => {
  sendXml(response, '<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>', 404);
};

const isListing = (request: IncomingMessage): boolean => request.url?.includes('list-type=') ?? false;

const listing = (content: string, next?: string): string =>
  `<ListBucketResult><IsTruncated>${String(next !== undefined)}</IsTruncated>${
    next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
  }${content}</ListBucketResult>`;

/** A bucket without latest.txt, so that a restore asks for the listing. */
const listed =
  (list: (response: ServerResponse) => unknown): Respond =>
  (request, response) => {
    if (isListing(request)) list(response);
    else missing(response);
  };

/** A bucket that holds one archive, and honours ranges. */
const holding = (name: string, content: Buffer): Respond => {
  const latest = Buffer.from('7');
  return (request, response, path) => {
    if (isListing(request)) {
      sendXml(
        response,
        listing(`<Contents><Key>${name}</Key><Size>${content.length}</Size><ETag>"a"</ETag></Contents>`),
      );
      return;
    }
    const object = path[0] === name ? content : path[0] === 'latest.txt' ? latest : undefined;
    if (object === undefined) return missing(response);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = first === undefined ? object : object.subarray(Number(first), Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, { etag: '"a"', 'content-length': String(part.length) });
    response.end(request.method === 'HEAD' ? undefined : part);
  };
};

const chunkOf = (document: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: -1,
    result: { chunk: '0', total: '1', data: Buffer.from(document).toString('base64') },
  });

const honestGenesis = `{"genesis_time":"2024-01-01T00:00:00Z","chain_id":"honest-1","app_state":{"x":"${'x'.repeat(12_000_000)}"}}`;

let tokens = 0;

const responders: Readonly<Record<string, Respond>> = {
  empty: listed((response) => {
    sendXml(response, listing(''));
  }),
  honest: holding('7.tar.gz', honestArchive),
  'honest-rpc': (_, response) => response.end(chunkOf(honestGenesis)),
  'error-flood': (_, response) => flood(response, { status: 404, head: '<?xml version="1.0"?><Error>' }),
  'failure-flood': (_, response) => flood(response, { status: 503, head: '<?xml version="1.0"?><Error>' }),
  'listing-flood': listed((response) => flood(response, { head: '<?xml version="1.0"?><ListBucketResult>' })),
  'new-tokens': listed((response) => {
    sendXml(response, listing('', `t${++tokens}`));
  }),
  entities: listed((response) => {
    sendXml(response, listing(`<Contents><Key>${'&lt;'.repeat(65_000)}</Key></Contents>`));
  }),
  doctypes: listed((response) => {
    sendXml(response, '<!DOCTYPE a>'.repeat(20_000));
  }),
  'long-object': (request, response, path) => {
    if (isListing(request)) {
      sendXml(response, listing('<Contents><Key>7.tar.gz</Key><Size>1000</Size><ETag>"a"</ETag></Contents>'));
    } else if (path[0] !== '7.tar.gz') {
      missing(response);
    } else if (request.method === 'HEAD') {
      response.writeHead(200, { etag: '"a"', 'content-length': '1000' }).end();
    } else {
      void flood(response, { status: 206, headers: { etag: '"a"', 'content-range': 'bytes 0-999/1000' } });
    }
  },
  'tail-bomb': holding('7.tar.zst', tailBomb()),
  'error-words': (_, response) => {
    sendXml(response, `<Error><Code>AccessDenied</Code><Message>${'X-Amz--'.repeat(9_000)}</Message></Error>`, 403);
  },
  'rpc-flood': (_, response) => flood(response, { head: '{"jsonrpc":"2.0","result":{"data":"', piece: 'A' }),
  'rpc-objects': (_, response) => {
    response.write('{"jsonrpc":"2.0","result":{"chunk":"0","total":"1","data":[');
    response.end(`${'{},'.repeat(8_000_000)}0]}}`);
  },
  'slow-headers': (request) => {
    const { socket } = request;
    socket.write('HTTP/1.1 200 OK\r\nx: ');
    const timer = setInterval(() => socket.write('x'), 100);
    socket.on('close', () => {
      clearInterval(timer);
    });
  },
  'long-headers': (request) => {
    const { socket } = request;
    socket.on('error', () => undefined);
    socket.write(`HTTP/1.1 200 OK\r\n${`x: ${'x'.repeat(1_000)}\r\n`.repeat(1_000)}`);
  },
};
