/** The addresses that a node listens on, and those of them that it cannot have both. */
import { isIP } from 'node:net';
import type { ConfigFile } from '../registry.ts';
import { commaList, listenHostPort, splitScheme, withoutScheme } from './go-address.ts';
import type { NodeValues } from './node-values.ts';

export interface Listener {
  readonly key: string;
  readonly host: string;
  readonly port: number;
}

/** One in the files of a CometBFT node. */
export interface FileListener extends Listener {
  readonly file: ConfigFile;
}

/** Two listeners with the same port and address. */
export interface Conflict<L extends Listener = FileListener> {
  readonly one: L;
  readonly other: L;
}

export const conflictsOf = <L extends Listener>(listeners: readonly L[]): readonly Conflict<L>[] =>
  listeners.flatMap((other, index) =>
    listeners
      .slice(0, index)
      .filter((one) => one.port !== 0 && one.port === other.port && overlap(one.host, other.host))
      .map((one) => ({ one, other })),
  );

/** A name other than localhost may stand for any address, of which nothing is said. */
const overlap = (a: string, b: string): boolean => {
  const [one, other] = [addressOf(a), addressOf(b)];
  if (one === undefined || other === undefined) return a === b;
  return one === 'all' || other === 'all' || one === other;
};

const addressOf = (host: string): string | undefined => {
  if (host === '' || host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]+$/.test(host))) return 'all';
  if (host === 'localhost') return '127.0.0.1';
  return isIP(host) === 0 ? undefined : host.toLowerCase();
};

/** Addresses that are none are told elsewhere. */
export const listenersOf = ({ config, app }: NodeValues): readonly FileListener[] => {
  const listeners: FileListener[] = [];
  const add = (file: ConfigFile, key: string, address: string): void => {
    const at = listenHostPort(address);
    if (at !== undefined) listeners.push({ file, key, ...at });
  };
  const addURL = (file: ConfigFile, key: string, text: string): void => {
    const [network, address] = splitScheme(text) ?? [];
    if (address !== undefined && network?.startsWith('tcp') === true) add(file, key, address);
  };
  add('config.toml', 'p2p.laddr', withoutScheme(config.text('p2p.laddr')));
  for (const address of commaList(config.text('rpc.laddr'))) addURL('config.toml', 'rpc.laddr', address);
  // Both are started by the RPC.
  if (config.text('rpc.laddr') !== '') {
    for (const key of ['rpc.grpc_laddr', 'grpc.laddr', 'grpc.privileged.laddr'])
      addURL('config.toml', key, config.text(key));
  }
  const signer = config.text('priv_validator_laddr');
  if (signer !== '') addURL('config.toml', 'priv_validator_laddr', signer.includes('://') ? signer : `tcp://${signer}`);
  if (config.text('rpc.pprof_laddr') !== '') add('config.toml', 'rpc.pprof_laddr', config.text('rpc.pprof_laddr'));
  if (config.flag('instrumentation.prometheus') && config.text('instrumentation.prometheus_listen_addr') !== '')
    add('config.toml', 'instrumentation.prometheus_listen_addr', config.text('instrumentation.prometheus_listen_addr'));
  if (app?.flag('api.enable') === true) addURL('app.toml', 'api.address', app.text('api.address'));
  if (app?.flag('grpc.enable') === true) {
    add('app.toml', 'grpc.address', app.text('grpc.address'));
    if (app.has('grpc-web.address') && app.flag('grpc-web.enable'))
      add('app.toml', 'grpc-web.address', app.text('grpc-web.address'));
  }
  return listeners;
};

/** They listen after CometBFT does, and without them a node goes on. */
const ofSDK: ReadonlySet<string> = new Set(['api.address', 'grpc.address', 'grpc-web.address']);

/** They listen while CometBFT starts, and without them a node goes on. */
const ofObservers: ReadonlySet<string> = new Set(['rpc.pprof_laddr', 'instrumentation.prometheus_listen_addr']);

/** True if a node may end that cannot have both. Which of an observer and another server is first differs from start to start. */
export const isFatal = ({ one, other }: Conflict): boolean =>
  !ofSDK.has(one.key) && !ofSDK.has(other.key) && !(ofObservers.has(one.key) && ofObservers.has(other.key));
