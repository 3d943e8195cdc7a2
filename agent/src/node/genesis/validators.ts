/** The first validators of a genesis document, and what CometBFT makes of them before its first block. */
import { GenesisFault } from './genesis-fault.ts';
import { hex, list, quotedInt64, type Read, struct, text } from './go-json.ts';
import { type KeyType, type PublicKey, publicKey, strangeType } from './public-keys.ts';

interface GenesisValidator {
  readonly address: Buffer;
  readonly pub_key: PublicKey;
  readonly power: bigint;
}

/** The validators as far as all nodes read them alike. */
export interface FirstValidators {
  /** The place of the first key of each type. */
  readonly types: ReadonlyMap<KeyType, string>;
}

/** CometBFT has the same number for the votes of a commit. */
const maxValidators = 10_000;

const validators = list(struct({ address: hex, pub_key: publicKey, power: quotedInt64, name: text }), maxValidators);

/** Throws GenesisFault for what no node takes. */
export const readValidators: Read<FirstValidators> = (json, path) => {
  const read = validators(json, path);
  checkTogether(read, path);
  const types = new Map<KeyType, string>();
  for (const [index, { pub_key: key }] of read.entries()) {
    if (!types.has(key.type)) types.set(key.type, `${path}.${index}.pub_key`);
  }
  return { types };
};

/** Throws GenesisFault for a key of a type that a node does not know. */
export const checkTypes = ({ types }: FirstValidators, known: readonly KeyType[]): void => {
  for (const [type, path] of types) if (!known.includes(type)) throw strangeType(type.typeName, path, known);
};

/** The sum of all powers may be an eighth of what fits into 64 bits, so that priorities do not overflow. */
const maxTotalPower = 2n ** 63n / 8n - 1n;

const checkTogether = (read: readonly GenesisValidator[], path: string): void => {
  const seen = new Set<string>();
  let total = 0n;
  for (const [index, { address, pub_key: key, power }] of read.entries()) {
    const at = `${path}.${index}`;
    if (power <= 0n) throw new GenesisFault(`${at}.power`, `"${power}"`, `more than 0${orMissing(power)}`);
    total += power;
    if (total > maxTotalPower) {
      throw new GenesisFault(
        `${at}.power`,
        `"${power}"`,
        `so small that the sum of all powers is ${maxTotalPower} at most`,
      );
    }
    const expected = key.type.addressOf(key.bytes);
    if (address.length > 0 && expected?.equals(address) !== true) {
      const rule =
        expected === undefined
          ? `left out: the node computes it, and for keys of ${key.type.name} it cannot be checked here`
          : `${expected.toString('hex').toUpperCase()}, which its pub_key gives, or left out`;
      throw new GenesisFault(`${at}.address`, `"${address.toString('hex').toUpperCase()}"`, rule);
    }
    const id = (expected ?? key.bytes).toString('hex');
    if (seen.has(id)) {
      throw new GenesisFault(
        `${at}.pub_key`,
        JSON.stringify(key.bytes.toString('base64')),
        'that of no other validator',
      );
    }
    seen.add(id);
  }
};

/** For a rule that 0 breaks. */
export const orMissing = (value: bigint): string => (value === 0n ? '; what is missing counts as 0' : '');
