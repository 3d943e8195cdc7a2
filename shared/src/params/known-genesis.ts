/** Where the genesis document of a public chain is, and what it has to be. */
export interface KnownGenesis {
  readonly uri: string;
  readonly sha256: string;
}

/**
 * The documents that seictl has inside, from https://github.com/sei-protocol/sei-config at v0.0.21. The hashes were taken of the files of that commit
 * on 2026-11-30. Those of https://github.com/sei-protocol/testnet differ: sei-config has brought app_state.params, and of atlantic-2
 * app_state.mint, to the form that a seid of today reads; everything else is the same.
 */
const commit = 'https://raw.githubusercontent.com/sei-protocol/sei-config/3fd5c81fe8c2b307e0e757e52f62d1eb0ee372e4';

export const knownGenesis: ReadonlyMap<string, KnownGenesis> = new Map(
  Object.entries({
    'pacific-1': 'd7ce8349b9e26573951c8c19afe018ee721cddcedb2d5a8df6f712ecbccc3428',
    'atlantic-2': 'd78c35f55c5263108d56f638b26255c714a36e0800f2dcf57136ecb9042e7772',
    'arctic-1': '8ef5b0c01c1cde65be22a0f501d1663c55b3a900b46ecb72a5ccd823040bf035',
  }).map(([chainId, sha256]) => [chainId, { uri: `${commit}/chains/${chainId}/genesis.json`, sha256 }]),
);
