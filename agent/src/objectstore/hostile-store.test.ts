import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { before, describe, it, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { createEgress } from '../node/testing/loopback-egress.ts';
import { flood } from '../node/testing/flood.ts';
import type { Respond } from '../node/testing/host-servers.ts';
import { startServer } from '../node/testing/http-server.ts';
import { useWebIdentity, webIdentityAnswer } from '../node/testing/web-identity.ts';
import { compileLocation } from './location.ts';
import type { ObjectStore } from './object-store.ts';
import { openObjectStore } from './open-object-store.ts';

const signal = new AbortController().signal;
const contentType = 'text/plain';

interface Opened {
  readonly store: ObjectStore;
  /** What was asked for: method and path. */
  readonly asked: string[];
  readonly url: string;
}

const open = async (t: TestContext, respond: Respond): Promise<Opened> => {
  const asked: string[] = [];
  const server = await startServer(t, (request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume();
    respond(request, response);
  });
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: ['127.0.0.1'] });
  t.after(() => egress.close());
  const params = { bucket: 'hostile', region: 'us-east-1', endpoint: server.url };
  const store = openObjectStore(compileLocation(params), { egress, clock: systemClock });
  t.after(() => {
    store.close();
  });
  return { store, asked, url: server.url };
};

const listAll = async (store: ObjectStore): Promise<number> => {
  let objects = 0;
  for await (const _ of store.list('', { signal })) objects += 1;
  return objects;
};

const read = (store: ObjectStore): Promise<unknown> => store.getSmall('latest.txt', { signal, maxBytes: 1024 });

const page = (content: string, next?: string): string =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>${String(next !== undefined)}</IsTruncated>${
    next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
  }${content}</ListBucketResult>`;

const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size><ETag>&quot;a&quot;</ETag></Contents>`;

const sendXml = (response: Parameters<Respond>[1], xml: string, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
};

describe('a hostile object store', () => {
  before(() => {
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });

  for (const [status, code] of [
    [404, 'object-store-invalid'],
    [403, 'object-store-invalid'],
    [301, 'object-store-invalid'],
    [500, 'object-store-unreachable'],
  ] as const) {
    it(`is left after 64 KiB of an endless error body with status ${status}`, async (t) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      const { store, asked } = await open(t, (_, response) => {
        resolve(flood(response, { status, head: '<?xml version="1.0"?><Error>' }));
      });
      await assert.rejects(read(store), { code, message: new RegExp(`status ${status} and more than 65536 bytes`) });
      assert.ok((await promise) < 20_000_000, 'what the buffers of the connection take, not the whole body');
      assert.equal(asked.length, 1);
    });
  }

  const calls: Readonly<
    Record<string, { readonly call: (store: ObjectStore) => Promise<unknown>; readonly bound: number }>
  > = {
    'a listing': { call: listAll, bound: 262_144 },
    'a list of unfinished uploads': {
      call: (store) => store.discardUploads('', { signal, isLeftover: () => true }),
      bound: 262_144,
    },
    'an answer to a small upload': {
      call: (store) => store.putSmall('a', 'x', { signal, contentType }),
      bound: 65_536,
    },
    'the begin of an upload': {
      call: (store) => {
        const content = Readable.from([Buffer.alloc(9 * 1024 * 1024)]);
        return store.upload('a', content, { signal, contentType, expectedBytes: 9 * 1024 * 1024 });
      },
      bound: 65_536,
    },
  };
  for (const [what, { call, bound }] of Object.entries(calls)) {
    it(`is left after ${bound} bytes of ${what} that does not end`, async (t) => {
      const { store } = await open(t, (_, response) => void flood(response, { head: '<?xml version="1.0"?><Any>' }));
      await assert.rejects(call(store), {
        code: 'object-store-invalid',
        message: new RegExp(`status 200 and more than ${bound} bytes`),
      });
    });
  }

  it('cannot send more of an object than was asked for', async (t) => {
    const { store } = await open(t, (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { etag: '"a"', 'content-length': '1000' }).end();
      // Without a length Node.js does not know where the answer ends.
      else
        void flood(response, {
          status: 206,
          headers: { etag: '"a"', 'content-range': 'bytes 0-999/1000' },
          piece: 'x',
        });
    });
    const object = await store.head('7.tar.gz', { signal });
    assert.ok(object);
    await assert.rejects(
      async () => {
        for await (const _ of store.download(object, { signal }));
      },
      { code: 'object-store-invalid' },
    );
    await assert.rejects(read(store), { code: 'object-store-invalid' });
  });

  it('cannot hand out new continuation tokens for ever, with or without keys', async (t) => {
    let pages = 0;
    const { store, asked } = await open(t, (_, response) => {
      pages += 1;
      sendXml(response, page('', `t${pages}`));
    });
    await assert.rejects(listAll(store), { code: 'object-store-invalid', message: /more than 700 pages/ });
    assert.equal(asked.length, 700);
    assert.match(asked[0] ?? '', /max-keys=150/);
  });

  it('cannot put more objects into a page than were asked for', async (t) => {
    const { store } = await open(t, (_, response) => {
      sendXml(response, page(entry('k').repeat(151)));
    });
    await assert.rejects(listAll(store), {
      code: 'object-store-invalid',
      message: /151 objects, and 150 were asked for/,
    });
  });

  it('cannot make the agent discard uploads for ever', async (t) => {
    let pages = 0;
    const { store, asked } = await open(t, (request, response) => {
      if (request.method === 'DELETE') return response.writeHead(204).end();
      pages += 1;
      const upload = `<Upload><Key>k</Key><UploadId>u</UploadId></Upload>`;
      return sendXml(
        response,
        `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k${pages}</NextKeyMarker>${upload}</ListMultipartUploadsResult>`,
      );
    });
    assert.equal((await store.discardUploads('', { signal, isLeftover: () => true })).length, 100);
    assert.deepEqual(await store.discardUploads('', { signal, isLeftover: () => false }), []);
    assert.equal(asked.filter((line) => line.startsWith('GET')).length, 200);
  });

  it('cannot make the parser work by document types or entities', async (t) => {
    let body = '<!DOCTYPE a>'.repeat(5_000);
    const { store } = await open(t, (_, response) => {
      sendXml(response, body);
    });
    await assert.rejects(listAll(store), { code: 'object-store-invalid', message: /document type/ });
    body = page(entry('&k;'.repeat(10_000)));
    assert.equal(await listAll(store), 1);
  });

  it('may be asked with credentials from STS, whose answers are bounded, too', async (t) => {
    let isFlood = true;
    const { store, url } = await open(t, (request, response) => {
      if (request.method !== 'POST') sendXml(response, page(entry('k')));
      else if (isFlood) void flood(response, {});
      else sendXml(response, webIdentityAnswer);
    });
    useWebIdentity(t, url);
    await assert.rejects(listAll(store), { code: 'object-store-invalid', message: /more than 65536 bytes/ });
    isFlood = false;
    assert.equal(await listAll(store), 1);
  });

  it('is told of in few words, whatever its error says', async (t) => {
    const { store } = await open(t, (_, response) => {
      const message = 'X-Amz--'.repeat(8_000);
      sendXml(response, `<Error><Code>${'C'.repeat(5_000)}</Code><Message>${message}</Message></Error>`, 403);
    });
    const begun = performance.now();
    await assert.rejects(read(store), (error: Error & { readonly code?: string }) => {
      assert.equal(error.code, 'object-store-refused');
      assert.ok(error.message.length < 700, String(error.message.length));
      return true;
    });
    assert.ok(performance.now() - begun < 1_000);
  });
});
