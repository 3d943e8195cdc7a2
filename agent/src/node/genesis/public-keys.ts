/** The public keys of validators: the names of their types, their sizes, and the addresses that follow from them. */
import { ECDH, hash } from 'node:crypto';
import { GenesisFault } from './genesis-fault.ts';
import { base64, raw, type Read, struct, text } from './go-json.ts';

export interface KeyType {
  /** In `pub_key_types`. */
  readonly name: string;
  /** In `pub_key.type`. */
  readonly typeName: string;
  readonly bytes: number;
  /** Undefined: it is not known here. */
  readonly addressOf: (key: Buffer) => Buffer | undefined;
  /** Only nodes that were built with this tag know it. */
  readonly buildTag?: string;
}

export interface PublicKey {
  readonly type: KeyType;
  readonly bytes: Buffer;
}

const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer');
const truncated = (key: Buffer): Buffer => sha256(key).subarray(0, 20);

export const ed25519: KeyType = {
  name: 'ed25519',
  typeName: 'tendermint/PubKeyEd25519',
  bytes: 32,
  addressOf: truncated,
};

export const secp256k1: KeyType = {
  name: 'secp256k1',
  typeName: 'tendermint/PubKeySecp256k1',
  bytes: 33,
  addressOf: (key) => hash('ripemd160', sha256(key), 'buffer'),
};

export const sr25519: KeyType = {
  name: 'sr25519',
  typeName: 'tendermint/PubKeySr25519',
  bytes: 32,
  addressOf: truncated,
};

export const mlDsa65: KeyType = {
  name: 'ml_dsa_65',
  typeName: 'cometbft/PubKeyMlDsa65',
  bytes: 1952,
  addressOf: truncated,
};

export const bls12381: KeyType = {
  name: 'bls12_381',
  typeName: 'cometbft/PubKeyBls12_381',
  bytes: 96,
  addressOf: truncated,
  buildTag: 'bls12381',
};

/** Its addresses are those of Ethereum, which take a hash that this runtime does not have. */
export const secp256k1eth: KeyType = {
  name: 'secp256k1eth',
  typeName: 'tendermint/PubKeySecp256k1eth',
  bytes: 33,
  addressOf: () => undefined,
};

const wrapper = struct({ type: text, value: raw });

const allTypes: readonly KeyType[] = [ed25519, secp256k1, sr25519, mlDsa65, bls12381, secp256k1eth];

/** `{"type": name, "value": base64}`, of any type that one of the nodes knows. */
export const publicKey: Read<PublicKey> = (json, path) => {
  if (json === undefined || json === 'null') throw new GenesisFault(path, json, 'an object with type and value');
  const { type: typeName, value } = wrapper(json, path);
  const type = allTypes.find((candidate) => candidate.typeName === typeName);
  if (type === undefined) throw strangeType(typeName, path, allTypes);
  const bytes = base64(value, `${path}.value`);
  if (bytes.length !== type.bytes || (type === secp256k1eth && !isOnCurve(bytes))) {
    throw new GenesisFault(`${path}.value`, value, `a key of ${type.bytes} bytes in base64`);
  }
  return { type, bytes };
};

/** For a key whose type is none of those that are known. */
export const strangeType = (typeName: string, path: string, known: readonly KeyType[]): GenesisFault =>
  new GenesisFault(`${path}.type`, JSON.stringify(typeName), `one of ${known.map((type) => type.typeName).join(', ')}`);

const isOnCurve = (point: Buffer): boolean => {
  try {
    ECDH.convertKey(point, 'secp256k1');
    return true;
  } catch {
    return false;
  }
};
