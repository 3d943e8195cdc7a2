/** Homes on which real nodes are started, and if they start. config-validate has to say the same, or be stricter with a reason. */

export interface StartRow {
  /** Keys of the file, with a value of TOML each. */
  readonly set: Readonly<Record<string, string>>;
  /** Paths below the home: a text to write, `folder`, or nothing in place of what is there. */
  readonly files?: Readonly<Record<string, { readonly text: string } | 'folder' | 'gone'>>;
  readonly starts: boolean;
  /** Why config-validate refuses what this node starts with. */
  readonly stricter?: string;
}

const one = (key: string, value: string, starts: boolean, stricter?: string): StartRow => ({
  set: { [key]: value },
  starts,
  ...(stricter === undefined ? {} : { stricter }),
});

const withFiles = (files: StartRow['files'], starts: boolean, set: StartRow['set'] = {}): StartRow => ({
  set,
  ...(files === undefined ? {} : { files }),
  starts,
});

const id = '0123456789abcdef0123456789abcdef01234567';
const empty = { text: '' };
const [keyFile, stateFile] = ['config/priv_validator_key.json', 'data/priv_validator_state.json'];

const addresses: readonly StartRow[] = [
  one('p2p.laddr', '"127.0.0.1:0"', true),
  one('p2p.laddr', '"tcp://[::1]:0"', true),
  one('p2p.laddr', '"127.0.0.1"', false),
  one('p2p.laddr', '"tcp://127.0.0.1:70000"', false),
  one('p2p.laddr', '""', false),
  one('p2p.laddr', '"tcp://:0"', false),
  one('p2p.laddr', '"tcp://::1:0"', false),
  one('p2p.laddr', '"tcp://127.0.0.1:"', false),
  one('p2p.laddr', '"tcp://x://127.0.0.1:0"', false),
  one('rpc.laddr', '""', true),
  one('rpc.laddr', '"tcp://127.0.0.1:"', true),
  one('rpc.laddr', '"tcp://127.0.0.1:0,tcp://127.0.0.1:0"', true),
  one('rpc.laddr', '"unix://"', true),
  one('rpc.laddr', '"tcp4://127.0.0.1:0"', true),
  one('rpc.laddr', '" "', false),
  one('rpc.laddr', '"127.0.0.1:0"', false),
  one('rpc.laddr', '"tcp://127.0.0.1"', false),
  one('rpc.laddr', '"http://127.0.0.1:0"', false),
  one('rpc.laddr', '"udp://127.0.0.1:0"', false),
  one('rpc.laddr', '"tcp6://127.0.0.1:0"', false),
  one('rpc.laddr', '"tcp://127.0.0.1:-1"', false),
  one('rpc.laddr', '"tcp://127.0.0.1:http"', true, 'a port by name needs a list of them that images often lack'),
  one('rpc.grpc_laddr', '"tcp://127.0.0.1:0"', true),
  one('rpc.grpc_laddr', '"127.0.0.1:0"', false),
  one('rpc.grpc_laddr', '"tcp://127.0.0.1:0,tcp://127.0.0.1:0"', false),
  one('rpc.pprof_laddr', '"nonsense"', true),
  one('p2p.external_address', '"127.0.0.1:1"', true),
  one('p2p.external_address', '"tcp://127.0.0.1"', false),
  one('p2p.external_address', '":1"', false),
  one('p2p.external_address', '"127.0.0.1:99999"', false),
  one('priv_validator_laddr', '"127.0.0.1"', false),
  one('priv_validator_laddr', '"tcp4://127.0.0.1:0"', false),
];

/** The second listener of a port; ports that no other program of the tests has. */
const conflicts: readonly StartRow[] = [
  { set: { 'rpc.laddr': '"tcp://127.0.0.1:39881"', 'p2p.laddr': '"tcp://127.0.0.1:39881"' }, starts: false },
  { set: { 'rpc.laddr': '"tcp://localhost:39881"', 'p2p.laddr': '"tcp://127.0.0.1:39881"' }, starts: false },
  { set: { 'rpc.laddr': '"tcp://0.0.0.0:39881"', 'p2p.laddr': '"tcp://127.0.0.1:39881"' }, starts: false },
  { set: { 'rpc.laddr': '"tcp://127.0.0.1:39881"', 'p2p.laddr': '"tcp://127.0.0.2:39881"' }, starts: true },
];

const peers: readonly StartRow[] = [
  one('p2p.persistent_peers', `"${id}@127.0.0.1:1, "`, true),
  one('p2p.persistent_peers', `"${id}@[::1]:1"`, true),
  one('p2p.persistent_peers', '"127.0.0.1:1"', false),
  one('p2p.persistent_peers', '"abc@127.0.0.1:1"', false),
  one('p2p.persistent_peers', `"${id}@127.0.0.1"`, false),
  one('p2p.persistent_peers', `"${id}@::1:1"`, false),
  one('p2p.persistent_peers', `"a://tcp://${id}@127.0.0.1:1"`, false),
  one('p2p.seeds', `"${id.toUpperCase()}@127.0.0.1:1"`, true),
  one('p2p.seeds', `"${id}@127.0.0.1:99999"`, false),
  one('p2p.seeds', `"${id}@127.0.0.1:1;${id}@127.0.0.1:2"`, false),
  { set: { 'p2p.pex': 'false', 'p2p.seeds': '"127.0.0.1:1"' }, starts: true },
  one('p2p.unconditional_peer_ids', `"${id}"`, true),
  one('p2p.unconditional_peer_ids', '"abc"', false),
  one('p2p.private_peer_ids', '"abc"', true),
];

const files: readonly StartRow[] = [
  withFiles({ 'config/node_key.json': 'gone' }, true),
  withFiles({ 'config/node_key.json': empty }, false),
  withFiles({ 'config/node_key.json': 'folder' }, false),
  withFiles({}, false, { node_key_file: '"no-such-folder/key.json"' }),
  withFiles({}, false, { node_key_file: '""' }),
  withFiles({ [keyFile]: 'gone', [stateFile]: 'gone' }, true),
  withFiles({ [keyFile]: 'gone' }, true),
  withFiles({ [keyFile]: { text: '{' } }, false),
  withFiles({ [stateFile]: 'gone' }, false),
  withFiles({ [stateFile]: empty }, false),
  withFiles({}, false, { priv_validator_key_file: '"no-such-folder/key.json"' }),
  withFiles({ 'config/genesis.json': 'gone' }, false),
  withFiles({ 'config/genesis.json': 'folder' }, false),
  withFiles({ 'config/addrbook.json': empty }, false),
  withFiles({ 'config/addrbook.json': { text: '{}' } }, true),
  withFiles({}, true, { 'p2p.addr_book_file': '"no-such-folder/book.json"' }),
  withFiles({}, false, { db_dir: '"config/genesis.json"' }),
  withFiles({}, true, { 'rpc.tls_cert_file': '"no.pem"', 'rpc.tls_key_file': '"no.key"' }),
];

export const cometBFTRows: readonly StartRow[] = [
  ...addresses,
  ...conflicts,
  ...peers,
  ...files,
  one('log_level', '"info"', true),
  one('log_level', '"consensus:debug,*:info"', true),
  one('log_level', '"warn"', false),
  one('log_level', '"INFO"', false),
  one('log_level', '""', false),
  one('log_level', '"consensus:debug, main:info"', true),
  one('log_format', '"text"', false),
  one('moniker', '"a b"', true),
  one('moniker', '""', false),
  one('moniker', '"m\u00fcnchen"', false),
  // viper takes the key with a capital letter.
  { set: { moniker: '"m\u00fcnchen"', Moniker: '"b"' }, starts: true },
  { set: { moniker: '"b"', Moniker: '"m\u00fcnchen"' }, starts: false },
  one('db_backend', '"goleveldb"', true),
  one('db_backend', '"memdb"', true),
  one('db_backend', '"leveldb"', false),
  one('db_backend', '"GoLevelDB"', false),
  one('tx_index.indexer', '"null"', true),
  one('tx_index.indexer', '"elastic"', true),
  one('tx_index.indexer', '"psql"', false),
  // Not read, as the application is in the program.
  one('abci', '"grpcs"', true),
  one('consensus.wal_file', '""', false),
  one('consensus.timeout_commit', '"1d"', false),
  one('consensus.timeout_commit', '"3 seconds"', false),
  one('consensus.timeout_commit', '"-1s"', false),
  one('consensus.timeout_commit', '1000000', true),
  one('blocksync.version', '"v1"', false),
  one('mempool.type', '"fifo"', false),
  one('mempool.size', '"many"', false),
  one('statesync.enable', 'true', false),
];

/** config.toml of a node of the SDK, with CometBFT 0.40.0 in it. */
export const sdkConfigRows: readonly StartRow[] = [
  one('consensus.timeout_commit', '"-1s"', true),
  one('log_format', '"text"', true),
  one('log_level', '"consensus:debug,*:info"', true),
  one('log_level', '"loud"', false),
  one('log_level', '"200"', false),
  one('log_level', '"p2p:info,p2p:info"', false),
  one('moniker', '""', false),
  one('mempool.type', '"fifo"', false),
  one('blocksync.version', '"v1"', false),
  one('statesync.enable', 'true', false),
  one('p2p.pex', '"TRUE"', true),
  one('p2p.pex', '2', false),
  one('proxy_app', '"nonsense"', true),
  withFiles({ 'config/genesis.json': 'gone' }, false),
  withFiles({ [stateFile]: 'gone' }, false),
];

export const sdkRows: readonly StartRow[] = [
  one('minimum-gas-prices', '"0stake"', true),
  one('minimum-gas-prices', '"0.2stake, 0.1atom"', true),
  one('minimum-gas-prices', '""', false),
  one('minimum-gas-prices', '"cheap"', false),
  one('minimum-gas-prices', '"0.1stake,0.1stake"', false),
  one('minimum-gas-prices', '"1ab"', false),
  one('pruning', '"nothing"', true),
  one('pruning', '"sometimes"', false),
  one('pruning', '"custom"', false),
  { set: { pruning: '"custom"', 'pruning-keep-recent': '"2"', 'pruning-interval': '"10"' }, starts: true },
  { set: { pruning: '"custom"', 'pruning-keep-recent': '"2"', 'pruning-interval': '"9"' }, starts: false },
  { set: { pruning: '"everything"', 'state-sync.snapshot-interval': '10' }, starts: false },
  one('pruning-keep-recent', '"x"', false),
  one('state-sync.snapshot-interval', '-1', false),
  one('halt-height', '"never"', false),
  one('halt-height', '""', false),
  one('halt-height', '3.0', true),
  one('api.enable', '2', false),
  { set: { 'api.enable': 'true', 'api.address': '"127.0.0.1:0"' }, starts: true },
  { set: { 'grpc.enable': 'true', 'grpc.address': '"127.0.0.1:0"' }, starts: true },
  { set: { 'grpc.enable': 'true', 'grpc.address': '"tcp://127.0.0.1:0"' }, starts: false },
  { set: { 'grpc.enable': 'true', 'grpc.address': '""' }, starts: false },
  one('grpc.historical-grpc-address-block-range', `'{"localhost:1":[5,1]}'`, false),
  one('iavl-cache-size', '"many"', false),
  one('iavl-cache-size', '"781250"', true),
  one('mempool.max-txs', '"x"', false),
  one('app-db-backend', '"pebbledb"', true),
  one('app-db-backend', '"sqlite"', false),
  { set: { 'telemetry.enabled': 'true', 'telemetry.metrics-sink': '"dogstatsd"' }, starts: false },
  one('block-executor', '"parallel"', false),
];
