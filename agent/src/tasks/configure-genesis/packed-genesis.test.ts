import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { makeServerCertificate } from '../../../test/support/tls/server-certificate.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import { startServer } from '../../node/testing/http-server.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { genesisHandler } from '../testing/genesis-handler.ts';
import { runTask, type RunOptions } from '../testing/run-task.ts';
import type { ConfigureGenesisOptions } from './configure-genesis.ts';
import { rawAddress } from './document-kind.ts';
import { EnvelopeReader } from './envelope-reader.ts';

/** Genesis documents as people publish them, from a real HTTPS server. */

const genesis = `{\n  "genesis_time": "2026-01-01T00:00:00Z",\n  "chain_id": "test-1",\n  "app_state": {"n": 123456789012345678901234567890, "s": "\\"}{][\\\\", "é": []}\n}\n`;
const inner = genesis.trim();
const envelope = `{"jsonrpc":"2.0","id":-1,"result":{"genesis":${inner}}}`;
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

const certificate = await makeServerCertificate();

type Answer = (response: ServerResponse) => void;

const send =
  (content: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(200, headers).end(content);

const setUp = async (t: TestContext, answer: Answer, options: Partial<ConfigureGenesisOptions> = {}) => {
  const home = await makeTempHome(t);
  const server = await startServer(
    t,
    (_, response) => {
      answer(response);
    },
    certificate,
  );
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [server.host], ca: certificate.ca });
  t.after(() => egress.close());
  const handler = genesisHandler({ home, egress, ...options });
  return {
    server,
    read: () => readFile(join(home.config, 'genesis.json'), 'utf8'),
    files: () => readdir(home.config),
    run: (more: object = {}, path = '/genesis.json', runOptions: RunOptions = {}) =>
      runTask('configure-genesis', handler, { uri: `${server.url}${path}`, ...more }, runOptions),
  };
};

const gz = gzipSync(genesis);

describe('a genesis is unpacked', () => {
  const packed: readonly (readonly [
    what: string,
    answer: Answer,
    fetched: Buffer | string,
    document: string,
    layers: readonly string[],
  ])[] = [
    ['as .gz', send(gz), gz, genesis, ['gzip']],
    [
      'as .gz that is called a web page by nobody',
      send(gz, { 'content-type': 'application/gzip' }),
      gz,
      genesis,
      ['gzip'],
    ],
    ['behind content-encoding: gzip', send(gz, { 'content-encoding': 'gzip' }), gz, genesis, ['gzip']],
    [
      'as .gz behind content-encoding: gzip',
      send(gzipSync(gz), { 'content-encoding': 'x-gzip' }),
      gzipSync(gz),
      genesis,
      ['gzip', 'gzip'],
    ],
    [
      'as .gz of two members',
      send(Buffer.concat([gzipSync(genesis.slice(0, 50)), gzipSync(genesis.slice(50))])),
      Buffer.concat([gzipSync(genesis.slice(0, 50)), gzipSync(genesis.slice(50))]),
      genesis,
      ['gzip'],
    ],
    ['in the answer of an RPC', send(envelope), envelope, inner, ['rpc-envelope']],
    [
      'in the answer of an RPC with other members around it',
      send(
        `{ "id" : 1,\n "result": {"x": ["genesis", {"genesis": 1}], "genesis": ${inner} , "y": "}"}, "jsonrpc": "2.0", "error": null }\n`,
      ),
      `{ "id" : 1,\n "result": {"x": ["genesis", {"genesis": 1}], "genesis": ${inner} , "y": "}"}, "jsonrpc": "2.0", "error": null }\n`,
      inner,
      ['rpc-envelope'],
    ],
    [
      'in the answer of an RPC that has no envelope',
      send(`{"genesis":${inner}}`),
      `{"genesis":${inner}}`,
      inner,
      ['rpc-envelope'],
    ],
    ['in a .gz of the answer of an RPC', send(gzipSync(envelope)), gzipSync(envelope), inner, ['gzip', 'rpc-envelope']],
  ];
  for (const [what, answer, fetched, document, layers] of packed) {
    test(`${what}, and sha256 may be that of either`, async (t) => {
      const { run, read, files } = await setUp(t, answer);
      const output = {
        sha256: sha256(document),
        chainId: 'test-1',
        bytes: Buffer.byteLength(document),
        unpacked: layers,
        packedSha256: sha256(fetched),
      };
      const report = await run({ chainId: 'test-1' });
      assert.deepEqual(report.output, output);
      assert.ok(report.message?.includes(`; unpacked from ${layers.join(', ')}; `), report.message ?? 'no message');
      assert.equal(await read(), document);
      assert.deepEqual(await files(), ['genesis.json']);

      const byPacked = await run({ sha256: sha256(fetched) });
      assert.equal(byPacked.reason, 'already-there');
      assert.match(
        byPacked.message ?? '',
        /sha256 was compared with that of what was fetched, before it was unpacked$/,
      );
      const other = await setUp(t, answer);
      const byDocument = await other.run({ sha256: sha256(document) });
      assert.match(
        byDocument.message ?? '',
        /sha256 was compared with that of the unpacked document; takes effect when the node restarts$/,
      );
      await assert.rejects(other.run({ sha256: 'a'.repeat(64) }), {
        code: 'hash-mismatch',
        message: new RegExp(
          `${sha256(fetched)} as it came \\(${layers.join(', ')}\\) and ${sha256(document)} unpacked`,
        ),
      });
      await assert.rejects(other.run({ chainId: 'other-1' }), { code: 'chain-mismatch' });
    });
  }

  test('and one that comes as it is stays as it was', async (t) => {
    const { run } = await setUp(t, send(genesis));
    const { message, output } = await run();
    assert.doesNotMatch(message ?? '', /unpacked/);
    assert.deepEqual(output, { sha256: sha256(genesis), chainId: 'test-1', bytes: Buffer.byteLength(genesis) });
  });
});

const tar = Buffer.alloc(1_536);
tar.write('genesis.json');
tar.write('ustar', 257);

const utf16 = Buffer.from(genesis, 'utf16le');

describe('what is no genesis is named, and nothing changes', () => {
  const refused: readonly (readonly [what: string, content: string | Buffer, says: RegExp])[] = [
    [
      'a zip archive',
      Buffer.from('504b0304140000000800', 'hex'),
      /is a zip archive.*Unpack it, and give the address of the genesis\.json/,
    ],
    ['a tar archive', tar, /is a tar archive.*Unpack it/],
    ['a .tar.gz', gzipSync(tar), /is a tar archive.*Unpack it/],
    ['zstd', Buffer.from('28b52ffd0458', 'hex'), /is compressed by zstd.*Unpack it/],
    ['pzstd', Buffer.from('502a4d180400000010000000', 'hex'), /is compressed by zstd.*Unpack it/],
    ['bzip2', Buffer.from('BZh91AY&SY'), /is compressed by bzip2/],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), /is compressed by xz/],
    ['lz4', Buffer.from('04224d186440', 'hex'), /is compressed by lz4/],
    ['7z', Buffer.from('377abcaf271c', 'hex'), /is a 7z archive/],
    [
      'a pointer of Git LFS',
      'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n',
      /is a pointer of Git LFS.*from which the repository serves the content/,
    ],
    ['a byte order mark', `\uFEFF${genesis}`, /begins with a byte order mark.*Save it as UTF-8/],
    ['UTF-16 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), /is UTF-16.*Save it as UTF-8/],
    ['UTF-16 without a mark', utf16, /is UTF-16/],
    ['big-endian UTF-16', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]), /is UTF-16/],
    ['NULs at its end', genesis + '\0'.repeat(100), /NUL bytes, with which a node refuses it/],
    [
      'a chunk of an RPC',
      '{"jsonrpc":"2.0","id":-1,"result":{"chunk":"0","total":"5","data":"eyJh"}}',
      /is one chunk of a genesis.*Give rpc: /,
    ],
    [
      'an error of an RPC',
      '{"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"genesis response is large"}}',
      /an error: \{"code":-32603,"message":"genesis response is large"\}.*Give rpc: /,
    ],
    ['another answer of an RPC', '{"jsonrpc":"2.0","id":-1,"result":{"node_info":{}}}', /has no genesis.*Give rpc: /],
    ['half an answer of an RPC', envelope.slice(0, -1), /ends too early/],
    ['an answer of an RPC with more behind it', `${envelope}{}`, /goes on after its end/],
    [
      'two genesis members',
      envelope.replace('"result":{', `"result":{"genesis":${inner},`),
      /more than one genesis|where none belongs/,
    ],
    ['a genesis in an answer that is none', `{"jsonrpc":"2.0","result":{"genesis":{"a":1}}}`, /no chain_id/],
    [
      'a file by the API of GitHub',
      '{"name":"genesis.json","path":"x","sha":"y","content":"e30=","encoding":"base64"}',
      /no chain_id .*, but "name", "path", "sha"/,
    ],
    ['gzip that is cut off', gz.subarray(0, -9), /is gzip that is damaged/],
    [
      'gzip that is damaged',
      Buffer.concat([gz.subarray(0, 12), Buffer.alloc(5), gz.subarray(17)]),
      /is gzip that is damaged/,
    ],
    ['gzip with a text behind it', Buffer.concat([gz, Buffer.from('trailer')]), /is gzip that is damaged/],
    ['gzip with NULs behind it', Buffer.concat([gz, Buffer.alloc(512)]), /after the end of its gzip stream/],
    ['gzip in gzip in gzip in gzip', gzipSync(gzipSync(gzipSync(gz))), /packed more than 3 times/],
  ];
  for (const [what, content, says] of refused) {
    test(what, async (t) => {
      const { run, files } = await setUp(t, send(content));
      await assert.rejects(run(), (error: Error & { readonly code?: string }) => {
        assert.equal(error.code, 'genesis-invalid');
        assert.match(error.message, says);
        assert.match(error.message, /nothing was changed/);
        assert.ok(error.message.length < 900, error.message);
        return true;
      });
      assert.deepEqual(await files(), []);
    });
  }

  test('the address of the RPC is given where the uri is one', async (t) => {
    const { run, server } = await setUp(t, send('{"jsonrpc":"2.0","id":-1,"error":{"code":1}}'));
    await assert.rejects(run({}, '/cosmos/genesis'), {
      message: new RegExp(`Give rpc: ${server.url}/cosmos instead of uri`),
    });
  });

  test('a web page by its content gets the advice of one by its type', async (t) => {
    const { run } = await setUp(t, send('\n<!doctype html>'));
    await assert.rejects(run(), { code: 'genesis-invalid', message: /web page.*Give the address of the raw file/ });
  });

  test('the raw address of a page of GitHub, GitLab or Bitbucket is known', () => {
    for (const [page, raw] of [
      ['https://github.com/o/r/blob/main/a/genesis.json', 'https://raw.githubusercontent.com/o/r/main/a/genesis.json'],
      ['https://github.com/o/r/raw/main/genesis.json', 'https://raw.githubusercontent.com/o/r/main/genesis.json'],
      ['https://git.example.com/g/r/-/blob/main/g.json', 'https://git.example.com/g/r/-/raw/main/g.json'],
      ['https://bitbucket.org/o/r/src/main/g.json', 'https://bitbucket.org/o/r/raw/main/g.json'],
      ['https://example.com/blob/g.json', undefined],
    ] as const) {
      assert.equal(rawAddress(new URL(page)), raw);
    }
  });
});

const bomb = (megabytes: number): Buffer =>
  gzipSync(
    `{"chain_id":"test-1","genesis_time":"2026-01-01T00:00:00Z","app_state":{"x":"${'x'.repeat(megabytes * 2 ** 20)}"}}`,
  );

describe('what is made to fill the disk ends early', () => {
  test('by the size of what it unpacks to', async (t) => {
    const { run, files } = await setUp(t, send(bomb(2)), { maxBytes: 2 ** 20 });
    await assert.rejects(run(), {
      code: 'source-invalid',
      message: /at least \d+ bytes, and a genesis may have 1048576/,
    });
    assert.deepEqual(await files(), []);
  });

  test('by how many times its size that is', async (t) => {
    const { run, files } = await setUp(t, send(bomb(80)));
    await assert.rejects(run(), { code: 'genesis-invalid', message: /unpacks to more than 200 times its size/ });
    assert.deepEqual(await files(), []);
  });

  test('and a small one that shrinks well is none', async (t) => {
    const { run } = await setUp(t, send(bomb(10)));
    assert.equal((await run()).outcome, 'changed');
  });
});

for (const [what, begin] of [
  ['gzip', gzipSync(genesis.repeat(100)).subarray(0, 150)],
  ['the answer of an RPC', Buffer.from(`${envelope.slice(0, -20)}${' '.repeat(1_000)}`)],
] as const) {
  test(`${what} that stops in the middle is left at once when the task is cancelled`, async (t) => {
    const { run, files } = await setUp(t, (response) => void response.write(begin));
    const controller = new AbortController();
    const reason = new Error('cancelled by a test');
    const onProgress = (): void => {
      controller.abort(reason);
    };
    const at = performance.now();
    await assert.rejects(run({}, '/genesis.json', { signal: controller.signal, onProgress }), reason);
    assert.ok(performance.now() - at < 10_000, 'far below the 30 s of silence that a source may have');
    assert.deepEqual(await files(), []);
  });
}

test('a genesis comes out of an answer byte for byte, however the answer is cut', () => {
  const bytes = Buffer.from(envelope);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const reader = new EnvelopeReader();
      const pieces: Uint8Array[] = [];
      for (let at = 0, next = 0; at < bytes.length; next++) {
        const size = sizes[next % sizes.length] ?? 1;
        pieces.push(...reader.write(bytes.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(reader.end(), { kind: 'genesis' });
      assert.equal(Buffer.concat(pieces).toString(), inner);
    }),
  );
});
