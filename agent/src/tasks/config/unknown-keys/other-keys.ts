/** Keys of the files of a node that neither the registry nor the data about CometBFT has. */

const inSection = (section: string, keys: string): readonly string[] =>
  keys.split(' ').map((key) => (section === '' ? key : `${section}.${key}`));

/** Of app.toml, in templates of the Cosmos SDK 0.45 to 0.53, that the versions of the data do not read. */
export const sdkKeysBeyondData: readonly string[] = [
  'pruning-keep-every',
  'rosetta.enable-default-fee-suggestion',
  'telemetry.otel-exporter',
];

/** Of app.toml, in templates of Sei's node that the registry does not follow. */
export const seiAppKeysBeyondRegistry: readonly string[] = inSection(
  'eth_blocktest',
  'eth_blocktest_enabled eth_blocktest_test_data_path',
);

/** Of client.toml, in the templates of the Cosmos SDK 0.45 to 0.53. */
export const clientKeys = inSection(
  '',
  'chain-id keyring-backend keyring-default-keyname keyring-dir output node broadcast-mode grpc-address grpc-insecure gas gas-adjustment gas-prices fees fee-granter fee-payer',
);

const consensusParams = (at: string): readonly string[] => [
  ...inSection(`${at}.block`, 'max_bytes max_gas max_gas_wanted min_txs_in_block time_iota_ms'),
  ...inSection(`${at}.evidence`, 'max_age_num_blocks max_age_duration max_bytes'),
  ...inSection(`${at}.validator`, 'pub_key_types'),
  ...inSection(`${at}.version`, 'app app_version'),
  ...inSection(`${at}.abci`, 'vote_extensions_enable_height recheck_tx'),
  ...inSection(`${at}.synchrony`, 'message_delay precision'),
  ...inSection(`${at}.timeout`, 'propose propose_delta vote vote_delta commit bypass_commit_timeout'),
  ...inSection(`${at}.feature`, 'vote_extensions_enable_height pbts_enable_height'),
  ...inSection(`${at}.authority`, 'authority'),
];

/** Of genesis.json, outside of the state of the chain, in CometBFT 0.34 to 1.0, Tendermint 0.35 and the Cosmos SDK 0.50. */
export const genesisKeys: readonly string[] = [
  ...inSection('', 'app_name app_version genesis_time chain_id initial_height app_hash app_state validators'),
  ...consensusParams('consensus_params'),
  ...consensusParams('consensus.params'),
  'consensus.validators',
];
