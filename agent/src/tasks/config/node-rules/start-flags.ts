/**
 * Keys that a flag of the SDK's start command has too. The SDK sets such a flag from the file, and reads the text of the value as the flag's type:
 * viper takes -1 for a number without a sign, and 2 for true, and the flag does not.
 */
import type { DocumentValue } from '../../../node/document-value.ts';
import { parseGoInteger } from './decode-as-viper.ts';
import type { Refusal } from './refusal.ts';
import type { TypedValues } from './typed-values.ts';

type FlagType = 'bool' | 'int' | 'uint' | 'uint32';

const flags: Readonly<Record<FlagType, readonly string[]>> = {
  bool: [
    'inter-block-cache',
    'iavl-disable-fastnode',
    'block-stm-pre-estimate',
    'api.enable',
    'api.swagger',
    'api.enabled-unsafe-cors',
    'grpc.enable',
    'grpc-web.enable',
    'rpc.unsafe',
    'p2p.pex',
    'p2p.seed_mode',
    'consensus.create_empty_blocks',
  ],
  int: ['mempool.max-txs', 'block-stm-workers', 'consensus.double_sign_check_height'],
  uint: [
    'query-gas-limit',
    'halt-height',
    'halt-time',
    'min-retain-blocks',
    'inv-check-period',
    'pruning-keep-recent',
    'pruning-interval',
    'state-sync.snapshot-interval',
    'api.max-open-connections',
    'api.rpc-read-timeout',
    'api.rpc-write-timeout',
    'api.rpc-max-body-bytes',
  ],
  uint32: ['state-sync.snapshot-keep-recent'],
};

const bits = { int: 64, uint: 64, uint32: 32 };

export const flagRefusals = (values: TypedValues): readonly Refusal[] =>
  (Object.keys(flags) as FlagType[]).flatMap((type) =>
    flags[type].flatMap((key) => {
      const raw = values.has(key) ? values.raw(key) : undefined;
      return raw === undefined || isRead(type, textOf(raw)) ? [] : [{ key, why: form[type] }];
    }),
  );

const form: Readonly<Record<FlagType, string>> = {
  bool: 'must be true or false, as it is a flag of start too',
  int: 'must be an integer, as it is a flag of start too',
  uint: 'must be an integer of 0 or more, as it is a flag of start too',
  uint32: 'must be an integer from 0 to 4294967295, as it is a flag of start too',
};

/** As Go's %v; a list or a table is read by no flag. */
const textOf = (raw: DocumentValue): string | undefined => {
  if (typeof raw === 'string') return raw;
  return typeof raw === 'boolean' || typeof raw === 'bigint' || typeof raw === 'number' ? String(raw) : undefined;
};

const booleans = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

const isRead = (type: FlagType, text: string | undefined): boolean => {
  if (text === undefined) return false;
  if (type === 'bool') return booleans.has(text);
  const value = parseGoInteger(text);
  if (value === undefined) return false;
  return type === 'int' ? BigInt.asIntN(64, value) === value : !/^[+-]/.test(text) && value < 2n ** BigInt(bits[type]);
};
