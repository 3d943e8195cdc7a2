import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { makeServerCertificate } from '../../../test/support/tls/server-certificate.ts';
import type { TaskReport } from '../../engine/task-handler.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import { appDocument, document, params, validator } from '../../node/genesis/testing/genesis-rows.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { startServer } from '../../node/testing/http-server.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { genesisHandler } from '../testing/genesis-handler.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome } from '../testing/sei-home.ts';

const certificate = await makeServerCertificate();

/** Runs configure-genesis on a home, from a server that has that document. */
const install = async (t: TestContext, home: NodeHome, text: string, more: object = {}): Promise<TaskReport> => {
  const server = await startServer(t, (_, response) => response.end(text), certificate);
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [server.host], ca: certificate.ca });
  t.after(() => egress.close());
  return runTask('configure-genesis', genesisHandler({ home, egress }), { uri: server.url, ...more });
};

const cometBFTHome = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeTempHome(t);
  await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
  return home;
};

const withParam = (part: string, name: string, value: unknown): string =>
  document({ consensus_params: params({ [part]: { [name]: value } }) });

describe('a genesis with a value with which no node starts is not installed', () => {
  const refused: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      'a size of blocks',
      withParam('block', 'max_bytes', '104857601'),
      /consensus_params\.block\.max_bytes is "104857601", and must be -1 or from 1 to 104857600; nothing was changed\. Correct it where/,
    ],
    [
      'evidence larger than a block',
      withParam('evidence', 'max_bytes', '22020097'),
      /consensus_params\.evidence\.max_bytes is "22020097", and must be from 0 to 22020096/,
    ],
    [
      'a type of keys',
      withParam('validator', 'pub_key_types', ['ed25519', 'rsa']),
      /consensus_params\.validator\.pub_key_types\.1 is "rsa", and must be one of ed25519, secp256k1/,
    ],
    [
      'a validator without power',
      document({ validators: [validator({ power: '0' })] }),
      /validators\.0\.power is "0", and must be more than 0; what is missing counts as 0/,
    ],
    [
      'an address that is not that of the key',
      document({ validators: [validator({ address: '00' })] }),
      /validators\.0\.address is "00", and must be [0-9A-F]{40}, which its pub_key gives, or left out/,
    ],
    ['an app_hash', document({ app_hash: 'xyz' }), /app_hash is "xyz", and must be pairs of hexadecimal digits/],
    [
      'a height',
      document({ initial_height: '01' }),
      /initial_height is "01", and must be a whole number of 64 bits in quotes/,
    ],
    [
      'a value of a megabyte',
      withParam('block', 'max_bytes', 'x'.repeat(60_000)),
      /max_bytes is "x{59}\.\.\., and must be a whole number/,
    ],
    [
      'a parameter in the form of the SDK',
      appDocument({}, { params: params({ block: { max_gas: '-2' } }) }),
      /consensus\.params\.block\.max_gas is "-2", and must be at least -1/,
    ],
    [
      'a parameter in other letters beside it',
      document().replace('"max_bytes"', '"Max_Bytes":"0","max_bytes"'),
      /consensus_params\.block\.Max_Bytes is "0", and must be called max_bytes/,
    ],
    [
      'a name in other letters',
      document().replace('chain_id', 'Chain_ID'),
      /it has Chain_ID, which some nodes take for chain_id and others do not: write chain_id/,
    ],
  ];
  for (const [what, text, message] of refused) {
    test(`${what}, and the message names the member, its value and the rule`, async (t) => {
      const home = await makeTempHome(t);
      await assert.rejects(install(t, home, text), { code: 'genesis-invalid', message });
      assert.deepEqual(await readdir(home.config), []);
    });
  }

  test('one that is there already, with the hash that is wanted, fails as well', async (t) => {
    const home = await cometBFTHome(t);
    const text = withParam('block', 'max_bytes', '0');
    await writeFile(join(home.config, 'genesis.json'), text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    await assert.rejects(install(t, home, text, { sha256 }), { code: 'genesis-invalid', message: /max_bytes is "0"/ });
  });
});

describe('the node that reads the genesis is known from its configuration', () => {
  test('CometBFT alone does not take the form of the Cosmos SDK, and a node of the SDK does', async (t) => {
    const home = await cometBFTHome(t);
    await assert.rejects(install(t, home, appDocument()), { code: 'genesis-invalid', message: /initial_height is 1/ });
    await writeFile(join(home.config, 'app.toml'), 'minimum-gas-prices = "0stake"\npruning = "nothing"\n');
    const { outcome, warnings } = await install(t, home, appDocument());
    assert.deepEqual([outcome, warnings], ['changed', undefined]);
  });

  test('a node of the SDK from 0.50 on does not start with a document that has neither consensus nor a height', async (t) => {
    const home = await cometBFTHome(t);
    await writeFile(join(home.config, 'app.toml'), 'minimum-gas-prices = "0stake"\npruning = "nothing"\n');
    const text = document({ initial_height: undefined });
    await assert.rejects(install(t, home, text), { code: 'genesis-invalid', message: /consensus is missing/ });
    assert.equal((await install(t, await makeTempHome(t), text)).outcome, 'changed');
  });

  test('Sei has parameters of its own', async (t) => {
    const home = await makeSeiHome(t);
    const abci = (height: unknown): string => withParam('abci', 'vote_extensions_enable_height', height);
    assert.equal((await install(t, home, abci('0'))).outcome, 'changed');
    assert.equal((await install(t, home, abci(1))).outcome, 'changed');
    await assert.rejects(install(t, home, withParam('timeout', 'propose', '1')), {
      code: 'genesis-invalid',
      message: /^no node of Sei starts with .*consensus_params\.timeout\.propose_delta is "0", and must be at least 1/,
    });
  });

  test('of a node that is not known, the versions that do not take it are warned of', async (t) => {
    const { outcome, warnings } = await install(t, await makeTempHome(t), withParam('block', 'max_bytes', '-1'));
    assert.equal(outcome, 'changed');
    assert.equal(warnings?.length, 1);
    assert.match(
      warnings.join(),
      /^CometBFT 0\.37 does not start with the genesis: consensus_params\.block\.max_bytes is/,
    );
  });

  test('a document with the parameters of Sei, for a node that is not known, is no matter for CometBFT', async (t) => {
    const sei = {
      abci: { vote_extensions_enable_height: 0, recheck_tx: false },
      timeout: { propose: '1', propose_delta: '1', vote: '1', vote_delta: '1', commit: '1' },
    };
    const report = await install(t, await makeTempHome(t), document({ consensus_params: params(sei) }));
    assert.deepEqual([report.outcome, report.warnings], ['changed', undefined]);
  });

  test('what only some builds take is a warning', async (t) => {
    const text = withParam('validator', 'pub_key_types', ['bls12_381']);
    const { warnings } = await install(t, await makeTempHome(t), text);
    assert.match(warnings?.join('\n') ?? '', /only a node that was built with the tag bls12381 takes the genesis/);
  });
});
