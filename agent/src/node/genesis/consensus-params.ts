/** The consensus parameters of a genesis document, and the values that each version of CometBFT, and Sei's node, refuse. */
import { GenesisFault } from './genesis-fault.ts';
import { anyInt64, list, quotedInt64, quotedUint64, struct, text, truth } from './go-json.ts';
import type { KeyType } from './public-keys.ts';
import { orMissing } from './validators.ts';

/** Throws GenesisFault. */
export type CheckParams = (json: string, path: string) => void;

/** There are six. */
const maxKeyTypes = 100;

const common = {
  block: struct({ max_bytes: quotedInt64, max_gas: quotedInt64 }),
  evidence: struct({ max_age_num_blocks: quotedInt64, max_age_duration: quotedInt64, max_bytes: quotedInt64 }),
  validator: struct({ pub_key_types: list(text, maxKeyTypes) }),
};

const inCometBFT = { ...common, version: struct({ app: quotedUint64 }) };

type Common = { readonly [Part in keyof typeof common]: ReturnType<(typeof common)[Part]> };

const v037 = struct(inCometBFT);
const v038 = struct({ ...inCometBFT, abci: struct({ vote_extensions_enable_height: quotedInt64 }) });
const v040 = struct({
  ...inCometBFT,
  abci: struct({ vote_extensions_enable_height: quotedInt64 }),
  authority: struct({ authority: text }),
});
const v1 = struct({
  ...inCometBFT,
  synchrony: struct({ precision: quotedInt64, message_delay: quotedInt64 }),
  feature: struct({ vote_extensions_enable_height: quotedInt64, pbts_enable_height: quotedInt64 }),
});

const atLeast = (least: bigint, value: bigint, path: string): void => {
  if (value < least) throw new GenesisFault(path, `"${value}"`, `at least ${least}${orMissing(value)}`);
};

const maxBlockBytes = 104_857_600n;

interface Limits {
  readonly keyTypes: readonly KeyType[];
  /** -1 stands for the largest size of a block. */
  readonly unlimited: boolean;
}

const checkCommon = ({ block, evidence, validator }: Common, path: string, { keyTypes, unlimited }: Limits): void => {
  const size = block.max_bytes;
  if (!(unlimited && size === -1n) && (size <= 0n || size > maxBlockBytes)) {
    const rule = `${unlimited ? '-1 or ' : ''}from 1 to ${maxBlockBytes}${orMissing(size)}`;
    throw new GenesisFault(`${path}.block.max_bytes`, `"${size}"`, rule);
  }
  atLeast(-1n, block.max_gas, `${path}.block.max_gas`);
  atLeast(1n, evidence.max_age_num_blocks, `${path}.evidence.max_age_num_blocks`);
  atLeast(1n, evidence.max_age_duration, `${path}.evidence.max_age_duration`);
  const most = size === -1n ? maxBlockBytes : size;
  if (evidence.max_bytes < 0n || evidence.max_bytes > most) {
    const rule = `from 0 to ${most}, the size of a block`;
    throw new GenesisFault(`${path}.evidence.max_bytes`, `"${evidence.max_bytes}"`, rule);
  }
  const names = keyTypes.map(({ name }) => name);
  const types = validator.pub_key_types;
  const at = `${path}.validator.pub_key_types`;
  if (types.length === 0) throw new GenesisFault(at, '[]', `a list of at least one of ${names.join(', ')}`);
  const strange = types.findIndex((type) => !names.includes(type));
  if (strange >= 0) {
    throw new GenesisFault(`${at}.${strange}`, JSON.stringify(types[strange]), `one of ${names.join(', ')}`);
  }
};

const checkHeights = (heights: Readonly<Record<string, bigint>>, path: string): void => {
  for (const [name, height] of Object.entries(heights)) atLeast(0n, height, `${path}.${name}`);
};

const maxAuthorityBytes = 256;

const second = 1_000_000_000n;
const longest = { message_delay: 24n * 3600n * second, precision: 30n * second } as const;

export const checkParamsOf: Readonly<
  Record<'0.37' | '0.38' | '0.40' | '1.0', (keyTypes: readonly KeyType[]) => CheckParams>
> = {
  '0.37': (keyTypes) => (json, path) => {
    checkCommon(v037(json, path), path, { keyTypes, unlimited: false });
  },
  '0.38': (keyTypes) => (json, path) => {
    const params = v038(json, path);
    checkCommon(params, path, { keyTypes, unlimited: true });
    checkHeights(params.abci, `${path}.abci`);
  },
  '0.40': (keyTypes) => (json, path) => {
    const params = v040(json, path);
    checkCommon(params, path, { keyTypes, unlimited: true });
    checkHeights(params.abci, `${path}.abci`);
    const { authority } = params.authority;
    if (Buffer.byteLength(authority) > maxAuthorityBytes) {
      const rule = `a text of at most ${maxAuthorityBytes} bytes`;
      throw new GenesisFault(`${path}.authority.authority`, JSON.stringify(authority), rule);
    }
  },
  '1.0': (keyTypes) => (json, path) => {
    const { synchrony, feature, ...params } = v1(json, path);
    checkCommon(params, path, { keyTypes, unlimited: true });
    checkHeights(feature, `${path}.feature`);
    if (feature.pbts_enable_height === 0n) return;
    for (const name of ['message_delay', 'precision'] as const) {
      const value = synchrony[name];
      if (value > 0n && value <= longest[name]) continue;
      const rule = `from 1 to ${longest[name]} nanoseconds, as pbts_enable_height is set${orMissing(value)}`;
      throw new GenesisFault(`${path}.synchrony.${name}`, `"${value}"`, rule);
    }
  },
};

const sei = struct({
  ...common,
  version: struct({ app_version: quotedUint64 }),
  synchrony: struct({ precision: quotedInt64, message_delay: quotedInt64 }),
  timeout: struct({
    propose: quotedInt64,
    propose_delta: quotedInt64,
    vote: quotedInt64,
    vote_delta: quotedInt64,
    commit: quotedInt64,
    bypass_commit_timeout: truth,
  }),
  abci: struct({ vote_extensions_enable_height: anyInt64, recheck_tx: truth }),
});

/** Sei's node fills in synchrony and timeout if all of their values are missing, and wants each value if one is there. */
export const checkParamsOfSei =
  (keyTypes: readonly KeyType[]): CheckParams =>
  (json, path) => {
    const { synchrony, timeout, abci, ...params } = sei(json, path);
    checkCommon(params, path, { keyTypes, unlimited: false });
    const { bypass_commit_timeout: bypass, ...times } = timeout;
    wantAllOrNone(synchrony, `${path}.synchrony`, false);
    wantAllOrNone(times, `${path}.timeout`, bypass);
    atLeast(0n, abci.vote_extensions_enable_height, `${path}.abci.vote_extensions_enable_height`);
  };

const wantAllOrNone = (times: Readonly<Record<string, bigint>>, path: string, isGiven: boolean): void => {
  if (!isGiven && Object.values(times).every((value) => value === 0n)) return;
  for (const [name, value] of Object.entries(times)) atLeast(1n, value, `${path}.${name}`);
};
