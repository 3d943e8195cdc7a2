/** Values that keep a CometBFT node from starting though `ValidateBasic` takes them: levels, backends, addresses and peers, as its node reads them. */
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { Refusal } from './refusal.ts';
import type { TypedValues } from './typed-values.ts';

type Check = (value: string) => string | undefined;

export const startRefusals = (values: TypedValues, inSDK: boolean): readonly Refusal[] =>
  [
    ...checks,
    ...(inSDK ? [] : logChecks),
    ...(inSDK || builtIn.test(values.text('proxy_app')) ? [] : remoteChecks),
  ].flatMap(([key, check]) => {
    const why = values.has(key) ? check(values.text(key)) : undefined;
    return why === undefined ? [] : [{ key, why }];
  });

const levels = new Set(['debug', 'info', 'error', 'none']);

/** `level`, or `module:level` with commas between them and `*` for all others. */
const checkLogLevel: Check = (value) => {
  const pairs = value.includes(':') ? value.split(',') : [`*:${value}`];
  const right = pairs.every((pair) => {
    const parts = pair.split(':');
    return parts.length === 2 && levels.has(parts[1] ?? '');
  });
  return right
    ? undefined
    : 'must be debug, info, error or none, or a list such as consensus:debug,*:error without blanks';
};

const backends = ['goleveldb', 'cleveldb', 'boltdb', 'rocksdb', 'badgerdb', 'pebbledb'];

const checkBackend: Check = (value) => (backends.includes(value) ? undefined : `must be one of ${backends.join(', ')}`);

/** Empty: no server is started. */
const checkServerAddress: Check = (value) => {
  if (value === '') return undefined;
  const [, network, address = ''] = /^([a-z0-9]*):\/\/(.*)$/s.exec(value) ?? [];
  if (network === 'unix') return address === '' ? 'must have a path behind unix://' : undefined;
  return network === undefined || !/^tcp[46]?$/.test(network) || !hasPort(address)
    ? 'must be tcp://host:port or unix:///path'
    : undefined;
};

/** The address of the p2p server: the scheme may be missing, and `tcp` is meant whatever it says. */
const checkP2PAddress: Check = (value) => {
  const address = value.includes('://') ? value.slice(value.indexOf('://') + 3) : value;
  return hasPort(address) ? undefined : 'must be tcp://host:port';
};

const hasPort = (address: string): boolean => {
  const [, host, port] = /^(\[[0-9a-fA-F:.%a-z]*\]|[^:[\]]*):(\d{1,5})$/.exec(address) ?? [];
  return host !== undefined && Number(port) <= 65_535;
};

const checkPeers: Check = (value) =>
  listOf(value).every((peer) => {
    const [id = '', address = '', ...rest] = peer.replace(/^.*:\/\//s, '').split('@');
    return (
      rest.length === 0 &&
      isNodeId(id) &&
      /^[^:].*:\d{1,5}$/s.test(address) &&
      Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535
    );
  })
    ? undefined
    : 'must be id@host:port with commas between them, where an id has 40 hexadecimal digits';

const checkIds: Check = (value) =>
  listOf(value).every(isNodeId) ? undefined : 'must be node ids of 40 hexadecimal digits with commas between them';

const isNodeId = (id: string): boolean => /^[0-9a-fA-F]{40}$/.test(id);

const listOf = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => withoutTrailing(item.replace(/^ +/, ''), ' '))
    .filter((item) => item !== '');

const checks: readonly (readonly [key: string, check: Check])[] = [
  ['db_backend', checkBackend],
  ['rpc.laddr', checkServerAddress],
  ['rpc.grpc_laddr', checkServerAddress],
  ['p2p.laddr', checkP2PAddress],
  ['p2p.persistent_peers', checkPeers],
  ['p2p.unconditional_peer_ids', checkIds],
];

/** Of CometBFT's own program; a node of the Cosmos SDK has another log. */
const logChecks: readonly (readonly [key: string, check: Check])[] = [['log_level', checkLogLevel]];

/** Applications in CometBFT's own program. */
const builtIn = /^(?:kvstore|persistent_kvstore|noop|e2e)/;

const remoteChecks: readonly (readonly [key: string, check: Check])[] = [
  ['abci', (value) => (['socket', 'grpc'].includes(value) ? undefined : 'must be socket or grpc')],
];
