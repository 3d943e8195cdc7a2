// The applications that a chain's nodes can run, each inside the node's own process. The kvstore is part of the cometbft program; the e2e
// application, which takes state-sync snapshots, is a program of its own that holds CometBFT.
import { join } from 'node:path';
import * as z from 'zod';
import { bareEnvironment } from '../config.ts';
import type { ProcessCommand } from '../process/managed-process.ts';

export type ChainApp =
  | { readonly kind: 'kvstore' }
  | {
      readonly kind: 'e2e';
      /** The cometbft-e2e-node program. */
      readonly program: string;
      /** In blocks. */
      readonly snapshotInterval: number;
    };

/** What starts a node on `home`; `cometbft` is the cometbft program. */
export function nodeCommand(app: ChainApp, cometbft: string, home: string): ProcessCommand {
  switch (app.kind) {
    case 'kvstore':
      return { program: cometbft, args: ['start', '--home', home, '--proxy_app=kvstore'] };
    case 'e2e':
      return { program: app.program, args: [settingsFile(home)], env: bareEnvironment({ CMTHOME: home }) };
    default:
      return app satisfies never;
  }
}

/** Path → content of the files that the application needs beside what `cometbft init` writes. */
export function appFiles(app: ChainApp, home: string, genesis: string): Readonly<Record<string, string>> {
  if (app.kind === 'kvstore') return {};
  const { chain_id: chainId } = Genesis.parse(JSON.parse(genesis));
  return {
    [settingsFile(home)]: [
      `chain_id = ${JSON.stringify(chainId)}`,
      'protocol = "builtin"',
      `dir = ${JSON.stringify(join(home, 'data', 'app'))}`,
      'persist_interval = 1',
      `snapshot_interval = ${app.snapshotInterval}`,
      'key_type = "ed25519"',
      '',
    ].join('\n'),
  };
}

/** The e2e application calls itself version 1 and refuses a snapshot of a chain whose genesis says 0, as `cometbft init` writes it. */
export function withAppVersion(genesis: string, app: ChainApp): string {
  if (app.kind === 'kvstore') return genesis;
  const document = Genesis.parse(JSON.parse(genesis));
  const { consensus_params: params } = document;
  const changed = { ...document, consensus_params: { ...params, version: { ...params.version, app: '1' } } };
  return `${JSON.stringify(changed, null, 2)}\n`;
}

const Genesis = z.looseObject({
  chain_id: z.string(),
  consensus_params: z.looseObject({ version: z.looseObject({ app: z.string() }) }),
});

/** Not in config/: a Sei node's app.toml is something else, and tasks edit that. */
function settingsFile(home: string): string {
  return join(home, 'e2e', 'app.toml');
}
