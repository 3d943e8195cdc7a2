// The applications that a chain's nodes can run, each inside the node's own process. The kvstore is part of the cometbft program; the e2e
// application, which takes state-sync snapshots, is a program of its own that holds CometBFT. The node of the Cosmos SDK holds CometBFT too,
// and it has its own commands for what cometbft does otherwise: it makes homes and tells a node's id.
import { basename, join } from 'node:path';
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
    }
  | { readonly kind: 'sdk' };

/** The command that starts a node on `home`; `program` is cometbft, or sdk-node if the application is the SDK's. */
export function nodeCommand(app: ChainApp, program: string, home: string): ProcessCommand {
  switch (app.kind) {
    case 'kvstore':
      return { program, args: ['start', '--home', home, '--proxy_app=kvstore'] };
    case 'e2e':
      return { program: app.program, args: [settingsFile(home)], env: bareEnvironment({ CMTHOME: home }) };
    case 'sdk':
      return { program, args: ['start', '--home', home, '--log_no_color'], env: bareEnvironment({}) };
    default:
      return app satisfies never;
  }
}

/** The arguments with which the program makes a home. */
export function initArguments(app: ChainApp, home: string): readonly string[] {
  return app.kind === 'sdk' ? ['init', basename(home), '--home', home] : ['init', '--home', home];
}

/** The arguments with which the program prints the id of the node of a home. */
export function nodeIdArguments(app: ChainApp, home: string): readonly string[] {
  return [...(app.kind === 'sdk' ? ['comet'] : []), 'show-node-id', '--home', home];
}

/** Path → content of the files that the application needs beside what `cometbft init` writes. */
export function appFiles(app: ChainApp, home: string, genesis: string): Readonly<Record<string, string>> {
  if (app.kind !== 'e2e') return {};
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
  if (app.kind !== 'e2e') return genesis;
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
