import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { type KnownGenesis, knownGenesis } from '@nodetask/shared';
import type { ProgressUpdate, TaskReport } from '../../engine/task-handler.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { sendJson, startServer, type TestServer } from '../../node/testing/http-server.ts';
import { type Certificate, makeServerCertificate } from '../../../test/support/tls/server-certificate.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { genesisHandler } from '../testing/genesis-handler.ts';
import { runTask, type RunOptions } from '../testing/run-task.ts';
import type { ConfigureGenesisOptions } from './configure-genesis.ts';

const genesis = (chainId = 'test-1', more = ''): string =>
  `{\n  "genesis_time": "2026-01-01T00:00:00Z",\n  "chain_id": "${chainId}",${more}\n  "app_state": {"supply": 123456789012345678901234567890}\n}\n`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface SetUp {
  readonly home: NodeHome;
  readonly server: TestServer;
  readonly file: string;
  readonly run: (params: unknown, options?: RunOptions) => Promise<TaskReport>;
  /** What is in config/. */
  readonly files: () => Promise<string[]>;
}

const setUp = async (
  t: TestContext,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<ConfigureGenesisOptions> = {},
  certificate?: Certificate,
): Promise<SetUp> => {
  const home = await makeTempHome(t);
  const server = await startServer(t, respond, certificate);
  const egress = createEgress({
    nodeRPC: 'http://127.0.0.1:1',
    allowHosts: [server.host],
    ...(certificate === undefined ? {} : { ca: certificate.ca }),
  });
  t.after(() => egress.close());
  const handler = genesisHandler({ home, egress, ...options });
  return {
    home,
    server,
    file: join(home.config, 'genesis.json'),
    run: (params, runOptions) => runTask('configure-genesis', handler, params, runOptions),
    files: () => readdir(home.config),
  };
};

const certificate = await makeServerCertificate();

const setUpHttps = (
  t: TestContext,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<ConfigureGenesisOptions> = {},
): Promise<SetUp> => setUp(t, respond, options, certificate);

const send =
  (text: string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      .end(text);
  };

const begin = (_: IncomingMessage, response: ServerResponse): void => {
  response.write('{"a":');
};

describe('configure-genesis from https', () => {
  test('installs the document byte for byte, then finds it there', async (t) => {
    const text = genesis();
    const { run, server, file, files } = await setUpHttps(t, send(text));
    const uri = `${server.url}/genesis.json`;
    const progress: ProgressUpdate[] = [];
    const output = { sha256: sha256(text), chainId: 'test-1', bytes: text.length };
    assert.deepEqual(
      await run({ uri, chainId: 'test-1', sha256: sha256(text) }, { onProgress: (update) => progress.push(update) }),
      {
        outcome: 'changed',
        message: `installed the genesis of test-1, ${text.length} B; takes effect when the node restarts`,
        numbers: { bytes: text.length },
        output,
      },
    );
    assert.equal(await readFile(file, 'utf8'), text);
    assert.deepEqual(await files(), ['genesis.json']);
    assert.deepEqual(progress.at(-1), { stage: 'download', done: text.length, total: text.length, unit: 'bytes' });
    const reason = 'already-there';
    const message = `the node has this genesis of test-1 already, ${text.length} B`;
    assert.deepEqual(await run({ uri }), { outcome: 'unchanged', reason, message, output: { reason, ...output } });
    assert.equal(server.requests.length, 2);
    // With the hash there is no need to ask.
    assert.equal((await run({ uri, sha256: sha256(text) })).outcome, 'unchanged');
    assert.equal(server.requests.length, 2);
  });

  test('a genesis that seictl installed stays on a node that has state, unless its hash is given', async (t) => {
    const text = genesis();
    const { run, server, file, home } = await setUpHttps(t, send(text));
    const old = genesis('test-1', ' "note": 1,');
    await writeFile(file, old);
    await writeFile(join(home.root, '.sei-sidecar-genesis-done'), '');
    await mkdir(join(home.data, 'state.db'));
    const kept = await run({ uri: server.url });
    assert.deepEqual(
      [kept.outcome, kept.reason, kept.output?.['sha256']],
      ['unchanged', 'done-by-seictl', sha256(old)],
    );
    await assert.rejects(run({ uri: server.url, chainId: 'test-2' }), { code: 'chain-mismatch' });
    assert.equal(await readFile(file, 'utf8'), old);
    assert.equal((await run({ uri: server.url, sha256: sha256(text) })).outcome, 'changed');
  });

  test('of a public chain the chain id alone is enough, and what comes has to be its document', async (t) => {
    const text = genesis('pacific-1');
    const known = new Map<string, KnownGenesis>();
    const { run, server, file, files } = await setUpHttps(t, send(text), { known });
    const params = { chainId: 'pacific-1' };
    known.set('pacific-1', { uri: `${server.url}/genesis.json`, sha256: '0'.repeat(64) });
    await assert.rejects(run(params), { code: 'hash-mismatch' });
    assert.deepEqual(await files(), []);
    known.set('pacific-1', { uri: `${server.url}/genesis.json`, sha256: sha256(text) });
    const { outcome, output } = await run(params);
    assert.deepEqual([outcome, output?.['sha256']], ['changed', sha256(text)]);
    assert.deepEqual(await readFile(file, 'utf8'), text);
    // A document that is there already is not fetched again.
    assert.equal((await run(params)).reason, 'already-there');
    assert.equal(server.requests.length, 2);
    await assert.rejects(run({ ...params, sha256: 'a'.repeat(64) }), { code: 'hash-mismatch' });
  });

  test('the documents of public chains are asked for at one commit, through the egress guard', async (t) => {
    assert.deepEqual([...knownGenesis.keys()], ['pacific-1', 'atlantic-2', 'arctic-1']);
    for (const [chainId, { uri, sha256: hash }] of knownGenesis) {
      assert.match(
        uri,
        new RegExp(
          `^https://raw\\.githubusercontent\\.com/sei-protocol/sei-config/[0-9a-f]{40}/chains/${chainId}/genesis\\.json$`,
        ),
      );
      assert.match(hash, /^[0-9a-f]{64}$/);
    }
    const { run } = await setUp(t, send(''), {
      known: new Map([['arctic-1', { uri: 'https://169.254.169.254/', sha256: 'a'.repeat(64) }]]),
    });
    await assert.rejects(run({ chainId: 'arctic-1' }), { code: 'egress-refused' });
  });

  test('replaces another genesis, keeping its mode; makes config/ where there is none', async (t) => {
    const text = genesis();
    const { run, server, file, home } = await setUpHttps(t, send(text));
    await writeFile(file, genesis('old'));
    await chmod(file, 0o600);
    assert.equal((await run({ uri: server.url })).outcome, 'changed');
    assert.equal((await lstat(file)).mode & 0o777, 0o600);
    await rm(home.config, { recursive: true });
    assert.equal((await run({ uri: server.url })).outcome, 'changed');
    assert.equal(await readFile(file, 'utf8'), text);
  });

  test('replaces no link', async (t) => {
    const { run, server, file, home } = await setUpHttps(t, send(genesis()));
    await writeFile(join(home.root, 'victim'), 'precious');
    await symlink(join(home.root, 'victim'), file);
    await assert.rejects(run({ uri: server.url }), { code: 'file-invalid', message: /symbolic link/ });
    assert.equal(await readFile(join(home.root, 'victim'), 'utf8'), 'precious');
  });

  test('writes the file that the node reads, wherever its configuration has that', async (t) => {
    const text = genesis();
    const { run, server, home, files } = await setUpHttps(t, send(text));
    const uri = server.url;
    for (const key of ['genesis_file', 'genesis-file']) {
      await writeFile(join(home.config, 'config.toml'), `${key} = "chain/${key}/g.json"\n`);
      const folder = join(home.root, 'chain', key);
      assert.equal((await run({ uri })).outcome, 'changed');
      assert.equal(await readFile(join(folder, 'g.json'), 'utf8'), text);
      await writeFile(join(folder, `.nodetask-${crypto.randomUUID()}.tmp`), 'of a run that was killed');
      assert.equal((await run({ uri, sha256: sha256(text) })).outcome, 'unchanged');
      await writeFile(join(folder, 'g.json'), genesis('old'));
      assert.equal((await run({ uri })).outcome, 'changed');
      assert.deepEqual(await readdir(folder), ['g.json']);
    }
    assert.deepEqual(await files(), ['config.toml']);
  });

  test('puts no genesis in the place of another file, or out of the home', async (t) => {
    const { run, server, home } = await setUpHttps(t, send(genesis()));
    const key = join(home.config, 'priv_validator_key.json');
    await writeFile(key, '{"priv_key": "precious"}');
    for (const [path, message] of [
      ['config/priv_validator_key.json', /which genesis_file in .* names, is no genesis document/],
      ['../g.json', /genesis_file in .* outside of the node's home .*--allow-path/],
    ] as const) {
      await writeFile(join(home.config, 'config.toml'), `genesis_file = "${path}"\n`);
      await assert.rejects(run({ uri: server.url }), { code: 'file-invalid', message });
    }
    assert.equal(await readFile(key, 'utf8'), '{"priv_key": "precious"}');
  });

  const old = genesis('old-1');
  const refused: readonly (readonly [
    what: string,
    text: string,
    params: object,
    expected: { code: string; message: RegExp },
  ])[] = [
    [
      'another chain',
      genesis('other-1'),
      { chainId: 'test-1' },
      { code: 'chain-mismatch', message: /"other-1", and chainId is test-1; nothing was changed/ },
    ],
    ['another hash', genesis(), { sha256: 'a'.repeat(64) }, { code: 'hash-mismatch', message: /replaced/ }],
    ['a web page', '<!doctype html>', {}, { code: 'genesis-invalid', message: /"<" where none belongs/ }],
    ['a list', '[]', {}, { code: 'genesis-invalid', message: /not a JSON object/ }],
    ['half a document', genesis().slice(0, -5), {}, { code: 'genesis-invalid', message: /ends too early/ }],
    ['two documents', genesis() + genesis(), {}, { code: 'genesis-invalid', message: /where none belongs/ }],
    [
      'no chain id',
      genesis('').replace('"chain_id"', '"chain"'),
      {},
      { code: 'genesis-invalid', message: /no chain_id/ },
    ],
    ['an empty chain id', genesis(''), {}, { code: 'genesis-invalid', message: /no chain_id/ }],
    ['a chain id that is too long', genesis('x'.repeat(51)), {}, { code: 'genesis-invalid', message: /no chain_id/ }],
    [
      'two chain ids',
      genesis('test-1', '\n"chain_id": "evil",'),
      {},
      { code: 'genesis-invalid', message: /chain_id twice/ },
    ],
    ['no time', genesis().replace('genesis_time', 'time'), {}, { code: 'genesis-invalid', message: /no genesis_time/ }],
    [
      'nothing to start from',
      genesis().replace('app_state', 'other'),
      {},
      { code: 'genesis-invalid', message: /none of app_state/ },
    ],
    ['a config file', 'moniker = "x"\n', {}, { code: 'genesis-invalid', message: /not a JSON object/ }],
  ];
  for (const [what, text, params, expected] of refused) {
    test(`${what}: nothing changes`, async (t) => {
      const { run, server, file, files } = await setUpHttps(t, send(text));
      await writeFile(file, old);
      await assert.rejects(run({ uri: server.url, ...params }), expected);
      assert.equal(await readFile(file, 'utf8'), old);
      assert.deepEqual(await files(), ['genesis.json']);
    });
  }

  test('the genesis that is there has to be of the right chain, too', async (t) => {
    const { run, server, file } = await setUpHttps(t, send(genesis()));
    await writeFile(file, old);
    await assert.rejects(run({ uri: server.url, sha256: sha256(old), chainId: 'test-1' }), { code: 'chain-mismatch' });
  });

  test('bytes that are not UTF-8', async (t) => {
    const { run, server } = await setUpHttps(t, (_, response) => {
      response.end(Buffer.concat([Buffer.from('{"chain_id": "'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
    });
    await assert.rejects(run({ uri: server.url }), { code: 'genesis-invalid', message: /not UTF-8/ });
  });

  const answers: readonly (readonly [
    what: string,
    (response: ServerResponse) => void,
    expected: { code: string; message: RegExp; retriable: boolean },
  ])[] = [
    [
      '404',
      (response) => response.writeHead(404).end('gone'),
      { code: 'source-invalid', retriable: false, message: /HTTP status 404/ },
    ],
    [
      '403',
      (response) => response.writeHead(403).end(),
      { code: 'source-invalid', retriable: false, message: /without credentials/ },
    ],
    [
      '503',
      (response) => response.writeHead(503).end(),
      { code: 'source-unreachable', retriable: true, message: /HTTP status 503/ },
    ],
    [
      '429',
      (response) => response.writeHead(429).end(),
      { code: 'source-unreachable', retriable: true, message: /HTTP status 429/ },
    ],
    [
      'HTML by its type',
      (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(genesis()),
      { code: 'source-invalid', retriable: false, message: /web page/ },
    ],
    [
      'a compressed answer',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      { code: 'source-invalid', retriable: false, message: /compressed/ },
    ],
    [
      'a redirect to the metadata service',
      (response) => response.writeHead(302, { location: 'https://169.254.169.254/' }).end(),
      { code: 'egress-refused', retriable: false, message: /169\.254/ },
    ],
    [
      'an announced size over the limit',
      (response) => response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000)),
      { code: 'source-invalid', retriable: false, message: /at least 5000 bytes, and a genesis may have 1000/ },
    ],
    [
      'an answer cut off',
      (response) => {
        response.writeHead(200, { 'content-length': '500' });
        response.write('{"a":1');
        setImmediate(() => response.destroy());
      },
      { code: 'source-unreachable', retriable: true, message: /check the address and the network/ },
    ],
  ];
  for (const [what, respond, expected] of answers) {
    test(`the server answers with ${what}`, async (t) => {
      const { run, server, files } = await setUpHttps(
        t,
        (_, response) => {
          respond(response);
        },
        { maxBytes: 1000 },
      );
      await assert.rejects(run({ uri: server.url }), expected);
      assert.deepEqual(await files(), []);
    });
  }

  test('an endless answer ends at the limit of bytes', async (t) => {
    const { run, server, files } = await setUpHttps(
      t,
      (_, response) => {
        response.write('{"a":"');
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      },
      { maxBytes: 3_000_000 },
    );
    await assert.rejects(run({ uri: server.url }), { code: 'source-invalid', message: /a genesis may have 3000000/ });
    assert.deepEqual(await files(), []);
  });

  test('a slow answer ends with the budget, an abort at once', async (t) => {
    const slow = await setUpHttps(t, begin, { budgetMs: 200 });
    await assert.rejects(slow.run({ uri: slow.server.url }), {
      code: 'source-unreachable',
      message: /did not deliver within 0\.2 s/,
    });
    const aborted = await setUpHttps(t, begin);
    const controller = new AbortController();
    const reason = new Error('cancelled by a test');
    const run = aborted.run(
      { uri: aborted.server.url },
      {
        signal: controller.signal,
        onProgress: () => {
          controller.abort(reason);
        },
      },
    );
    await assert.rejects(run, reason);
    assert.deepEqual([...(await slow.files()), ...(await aborted.files())], []);
  });

  test('sources that are refused at submit', async (t) => {
    const { run } = await setUpHttps(t, send(genesis()));
    await assert.rejects(run({ uri: 's3://bucket/folder/' }), { code: 'invalid-params', message: /names no object/ });
    await assert.rejects(run({ uri: 's3://bucket/genesis.json', endpoint: 'http://169.254.169.254' }), {
      code: 'egress-refused',
    });
    await assert.rejects(run({ uri: 'https://169.254.169.254/latest' }), { code: 'egress-refused' });
    await assert.rejects(run({ rpc: 'http://[::ffff:127.0.0.1]:26657' }), { code: 'egress-refused' });
    await assert.rejects(run({ uri: 'http://example.com/genesis.json' }), /must be s3:\/\//);
  });
});

const chunkOf = ({ url }: IncomingMessage): number => Number(new URL(url ?? '', 'http://x').searchParams.get('chunk'));
type Answer = (chunk: number, chunks: readonly string[]) => object;
const likeCometBFT: Answer = (chunk, chunks) => ({
  jsonrpc: '2.0',
  id: -1,
  result: { chunk: String(chunk), total: String(chunks.length), data: chunks[chunk] },
});
const likeSei: Answer = (chunk, chunks) => ({ chunk, total: chunks.length, data: chunks[chunk] });

describe('configure-genesis from an RPC', () => {
  const text = genesis('test-1', `\n  "pad": "${'é'.repeat(40)}",`);
  const chunksOf = (size: number): string[] => {
    const bytes = Buffer.from(text);
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size).toString('base64'),
    );
  };
  for (const [what, answer] of [
    ['enveloped', likeCometBFT],
    ['bare', likeSei],
  ] as const) {
    test(`puts the chunks of ${what} answers together, cut in the middle of characters`, async (t) => {
      // 7 bytes do not respect the two of an é.
      const chunks = chunksOf(7);
      const { run, server, file } = await setUp(t, (request, response) => {
        sendJson(response, answer(chunkOf(request), chunks));
      });
      const report = await run({ rpc: server.url, chainId: 'test-1' });
      assert.equal(report.outcome, 'changed');
      assert.equal(await readFile(file, 'utf8'), text);
      assert.deepEqual(
        server.requests,
        chunks.map((_, index) => `/genesis_chunked?chunk=${index}`),
      );
      assert.equal((await run({ rpc: server.url })).outcome, 'unchanged');
    });
  }

  for (const [what, status, refusal] of [
    ['a JSON-RPC error', 200, { jsonrpc: '2.0', id: -1, error: { code: -32601, message: 'Method not found' } }],
    ['404', 404, {}],
  ] as const) {
    for (const [form, wrap] of [
      ['enveloped', (inner: string) => `{"jsonrpc":"2.0","id":-1,"result":{"genesis":${inner}}}`],
      ['bare', (inner: string) => `{"genesis":${inner}}`],
    ] as const) {
      test(`takes /genesis, ${form}, where the node says by ${what} that it knows no chunks, with its integers exact`, async (t) => {
        const { run, server, file } = await setUp(t, ({ url }, response) => {
          if (url?.startsWith('/genesis_chunked') === true) sendJson(response, refusal, status);
          else response.end(wrap(text.trim()));
        });
        await run({ rpc: server.url });
        assert.equal(await readFile(file, 'utf8'), text.trim());
      });
    }
  }

  const chunks = chunksOf(100);
  const wrong: readonly (readonly [what: string, Answer, RegExp])[] = [
    ['another chunk than the one asked for', (_, all) => likeSei(1, all), /asked for chunk 0 and answers with chunk 1/],
    [
      'a total that changes',
      (chunk, all) => ({ ...likeSei(chunk, all), total: all.length - chunk }),
      /there are \d chunks, and \d with chunk 1/,
    ],
    ['no total', (chunk, all) => ({ ...likeSei(chunk, all), total: 'many' }), /there are "many" chunks/],
    ['a total of 0', (chunk, all) => ({ ...likeSei(chunk, all), total: 0 }), /there are 0 chunks/],
    [
      'a total without end',
      (chunk, all) => ({ ...likeSei(chunk, all), total: '999999999' }),
      /there are "999999999" chunks/,
    ],
    ['no base64', (chunk, all) => ({ ...likeSei(chunk, all), data: '<html>==' }), /not base64/],
    ['no data', (chunk) => ({ chunk, total: 3 }), /not base64/],
    ['empty data', (chunk, all) => ({ ...likeSei(chunk, all), data: '' }), /not base64/],
    [
      'an error',
      () => ({ jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'Internal error', data: 'no genesis' } }),
      /Internal error no genesis/,
    ],
  ];
  for (const [what, answer, message] of wrong) {
    test(`refuses ${what}`, async (t) => {
      const { run, server, files } = await setUp(t, (request, response) => {
        sendJson(response, answer(chunkOf(request), chunks));
      });
      await assert.rejects(run({ rpc: server.url }), { code: 'rpc-invalid', message });
      assert.deepEqual(await files(), []);
    });
  }

  test('HTTP 500 with a JSON-RPC error is an error, and no reason to try /genesis', async (t) => {
    const { run, server } = await setUp(t, (_, response) => {
      sendJson(response, { jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'Internal error' } }, 500);
    });
    await assert.rejects(run({ rpc: server.url }), { code: 'rpc-invalid' });
    assert.equal(server.requests.length, 1);
  });

  test('a wrong hash is explained: a node answers with its own encoding', async (t) => {
    const { run, server } = await setUp(t, (request, response) => {
      sendJson(response, likeSei(chunkOf(request), chunks));
    });
    await assert.rejects(run({ rpc: server.url, sha256: 'b'.repeat(64) }), {
      code: 'hash-mismatch',
      message: /its own encoding/,
    });
  });
});

const addDatabases = async (home: NodeHome): Promise<void> => {
  await mkdir(join(home.data, 'state.db'), { recursive: true });
  await mkdir(join(home.data, 'blockstore.db'));
};

describe('configure-genesis on a node that has data', () => {
  test('refuses a genesis of another chain, changes nothing, and does it if allowOtherChain insists', async (t) => {
    const { run, server, file, home } = await setUpHttps(t, send(genesis('new-1')));
    await writeFile(file, genesis('old-1'));
    await addDatabases(home);
    await assert.rejects(run({ uri: server.url }), {
      code: 'chain-mismatch',
      message:
        /genesis is of chain new-1, but data\/ has blockstore\.db, state\.db, and the present genesis is of chain old-1; nothing was changed: .* allowOtherChain/,
    });
    assert.equal(await readFile(file, 'utf8'), genesis('old-1'));
    const report = await run({ uri: server.url, allowOtherChain: true });
    assert.equal(report.outcome, 'changed');
    assert.match(report.warnings?.join() ?? '', /new-1, but data\/ has .* old-1: empty data\//);
    assert.equal(await readFile(file, 'utf8'), genesis('new-1'));
  });

  test('replaces a genesis of the same chain, and one without data, without a word', async (t) => {
    const { run, server, file, home } = await setUpHttps(t, send(genesis('same-1')));
    await writeFile(file, genesis('old-1'));
    // A restored snapshot is no database of the node.
    await mkdir(join(home.data, 'snapshots', 'metadata.db'), { recursive: true });
    assert.deepEqual((await run({ uri: server.url })).warnings, undefined);
    await writeFile(file, genesis('same-1', '"old":1,'));
    await addDatabases(home);
    const report = await run({ uri: server.url });
    assert.deepEqual([report.outcome, report.warnings], ['changed', undefined]);
  });

  test('warns if nothing tells of which chain the data are', async (t) => {
    const { run, server, home } = await setUpHttps(t, send(genesis('new-1')));
    await addDatabases(home);
    assert.match((await run({ uri: server.url })).warnings?.join() ?? '', /nothing tells of which chain that is/);
  });

  test('refuses a genesis of another chain than the running node says', async (t) => {
    const node = await startServer(t, (_, response) => {
      sendJson(response, {
        node_info: { id: 'ab'.repeat(20), network: 'running-1' },
        sync_info: { latest_block_height: '9' },
      });
    });
    const server = await startServer(t, send(genesis('new-1')), certificate);
    const home = await makeTempHome(t);
    const egress = createEgress({ nodeRPC: node.url, allowHosts: [server.host], ca: certificate.ca });
    t.after(() => egress.close());
    const handler = genesisHandler({ home, egress, nodeRPC: node.url });
    await assert.rejects(runTask('configure-genesis', handler, { uri: server.url }), {
      code: 'chain-mismatch',
      message: /the node runs, and its RPC says that it is of chain running-1/,
    });
    assert.deepEqual(await readdir(home.config), []);
  });
});
