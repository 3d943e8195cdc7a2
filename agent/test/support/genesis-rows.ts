import assert from 'node:assert/strict';

/** A genesis in which one of the members is another; undefined leaves it out. */
export type GenesisRow = readonly [path: string, value: unknown, starts: boolean];

export const cometBFTGenesisRows: readonly GenesisRow[] = [
  ['initial_height', '5', true],
  ['initial_height', 5, false],
  ['initial_height', '05', false],
  ['genesis_time', '2026-01-31T12:00:00+02:00', false],
  ['chain_id', 'a'.repeat(51), false],
  ['consensus_params.block.max_bytes', '-1', true],
  ['consensus_params.block.max_bytes', '104857601', false],
  ['consensus_params.evidence.max_bytes', '104857600', false],
  ['consensus_params.validator.pub_key_types', ['rsa'], false],
  ['consensus_params.version', { app: 1 }, false],
  ['validators.0.power', '-1', false],
  ['validators.0.address', '00', false],
  ['validators.0.address', '', true],
  ['validators.0.pub_key.value', 'AAAA', false],
  ['app_hash', '0', false],
];

export const sdkGenesisRows: readonly GenesisRow[] = [
  ['initial_height', 1, true],
  ['initial_height', 1.5, false],
  ['genesis_time', '2026-01-31T12:00:00+02:00', true],
  ['genesis_time', '2026-01-31', false],
  ['chain_id', ' ', false],
  ['consensus', undefined, false],
  ['consensus.params.block.max_bytes', '0', false],
  ['consensus.params.evidence.max_age_duration', '48h', false],
  ['app_hash', 'A', false],
  ['app_state', [], false],
  ['app_state', undefined, false],
];

export const withMember = (text: string, dotted: string, value: unknown): string => {
  const document = JSON.parse(text) as Record<string, unknown>;
  const names = dotted.split('.');
  const last = names.pop() ?? '';
  let object = document;
  for (const name of names) object = object[name] as Record<string, unknown>;
  assert.ok(last in object, `${dotted} is not in the document`);
  object[last] = value;
  return JSON.stringify(document);
};
