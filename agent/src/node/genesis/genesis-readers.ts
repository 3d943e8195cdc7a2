/** The programs that read a genesis document when a node starts, each with what it refuses. */
import { checkParamsOf, checkParamsOfSei, type CheckParams } from './consensus-params.ts';
import type { DocumentMembers } from './document-members.ts';
import { chainIdIn } from './genesis-document.ts';
import { GenesisFault } from './genesis-fault.ts';
import {
  base64,
  hex,
  optional,
  plainInt64,
  quotedInt64,
  raw,
  type Read,
  struct,
  text,
  timeInAnyZone,
  timeInUTC,
} from './go-json.ts';
import { bls12381, ed25519, type KeyType, mlDsa65, secp256k1, secp256k1eth, sr25519 } from './public-keys.ts';
import { checkTypes, type FirstValidators, readValidators } from './validators.ts';

export type CometBFTVersion = keyof typeof checkParamsOf;

export interface GenesisReader {
  /** For messages. */
  readonly name: string;
  readonly software: 'cometbft' | 'sdk' | 'sei';
  /** The version of CometBFT that it is, or has inside; none of Sei's. */
  readonly version?: CometBFTVersion;
  /** Throws GenesisFault. Answers with the build tags that the node needs for it. */
  readonly check: (subject: GenesisSubject) => ReadonlySet<string>;
}

const keyTypes: Readonly<Record<CometBFTVersion, readonly KeyType[]>> = {
  '0.37': [ed25519, secp256k1],
  '0.38': [ed25519, secp256k1, mlDsa65],
  '0.40': [ed25519, secp256k1, mlDsa65, secp256k1eth, bls12381],
  '1.0': [ed25519, secp256k1, bls12381],
};

/** CometBFT 0.38 knows keys of sr25519 as those of validators, and not in `pub_key_types`. */
const validatorKeys = (version: CometBFTVersion): readonly KeyType[] =>
  version === '0.38' ? [...keyTypes[version], sr25519] : keyTypes[version];

export const versions: readonly CometBFTVersion[] = ['0.37', '0.38', '0.40', '1.0'];

const checkHeight = (height: bigint): void => {
  if (height < 0n) throw new GenesisFault('initial_height', String(height), 'at least 0');
};

/** A document, with what all readers find in it alike. */
export interface GenesisSubject extends DocumentMembers {
  readonly validators: () => FirstValidators;
  /** Those in `consensus`. */
  readonly consensus: () => Consensus | undefined;
}

interface Consensus {
  readonly validators: FirstValidators;
  readonly params: string | undefined;
}

const consensusOf = optional(struct({ validators: readValidators, params: optional(raw) }));

export const subjectOf = (members: DocumentMembers): GenesisSubject => ({
  ...members,
  validators: once(() => readValidators(members.json.get('validators'), 'validators')),
  consensus: once(() => consensusOf(members.json.get('consensus'), 'consensus')),
});

/** Keeps the answer or the error of a function, which is called once: ten thousand validators take a while. */
const once = <T>(ask: () => T): (() => T) => {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    outcome ??= attempt(ask);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
};

const attempt = <T>(ask: () => T): { readonly value: T } | { readonly error: unknown } => {
  try {
    return { value: ask() };
  } catch (error) {
    return { error };
  }
};

interface Rules {
  readonly time: Read<void>;
  readonly validatorKeys: readonly KeyType[];
  readonly checkParams: CheckParams;
}

const rulesOf = (version: CometBFTVersion): Rules => ({
  time: timeInUTC,
  validatorKeys: validatorKeys(version),
  checkParams: checkParamsOf[version](keyTypes[version]),
});

/** With all that is known in them they have less than one kilobyte. */
const maxParamsCharacters = 64 * 1024;

const checkBounded = (checkParams: CheckParams, params: string | undefined, path: string): void => {
  if (params === undefined) return;
  if (params.length > maxParamsCharacters) {
    throw new GenesisFault(path, params, `an object of at most ${maxParamsCharacters} characters`);
  }
  checkParams(params, path);
};

/** The document of CometBFT and of Sei. */
const checkDocument = (
  { json, validators }: GenesisSubject,
  { time, validatorKeys: known, checkParams }: Rules,
): void => {
  const at = <T>(name: string, read: Read<T>): T => read(json.get(name), name);
  at('genesis_time', time);
  checkHeight(at('initial_height', quotedInt64));
  at('app_hash', hex);
  const params = at('consensus_params', optional(raw));
  checkBounded(checkParams, params, 'consensus_params');
  checkTypes(validators(), known);
};

/** The tags that a build needs for the key types that the document names. */
const tagsIn = ({ json }: DocumentMembers): ReadonlySet<string> => {
  const texts = ['consensus_params', 'consensus', 'validators'].map((name) => json.get(name) ?? '');
  const needed = texts.some((part) => part.includes(`"${bls12381.name}"`) || part.includes(`"${bls12381.typeName}"`));
  return new Set(needed && bls12381.buildTag !== undefined ? [bls12381.buildTag] : []);
};

const cometBFT = (version: CometBFTVersion): GenesisReader => ({
  name: `CometBFT ${version}`,
  software: 'cometbft',
  version,
  check: (subject) => {
    checkDocument(subject, rulesOf(version));
    return tagsIn(subject);
  },
});

const appHead = { app_name: text, app_version: text, genesis_time: timeInAnyZone, app_hash: base64 };

/**
 * The Cosmos SDK from 0.50 on reads a document of its own, and CometBFT's if that fails. It panics at one that it takes for its own and that has no `consensus`. In a document of CometBFT
 * it would pass over `consensus`: that is refused here.
 */
const checkAppGenesis = (subject: GenesisSubject, rules: Rules): void => {
  const { json } = subject;
  // Before all else the SDK looks for the chain's name, for the application.
  if (/^[\s\u0085]*$/.test(chainIdIn(json) ?? '')) {
    throw new GenesisFault('chain_id', json.get('chain_id'), 'a text that is not blank');
  }
  let height: bigint;
  try {
    for (const [name, read] of Object.entries(appHead)) read(json.get(name), name);
    height = plainInt64(json.get('initial_height'), 'initial_height');
  } catch (error) {
    if (!(error instanceof GenesisFault) || json.has('consensus')) throw error;
    checkDocument(subject, rules);
    return;
  }
  checkHeight(height);
  const consensus = subject.consensus();
  if (consensus === undefined) {
    const rule = 'an object with validators and params, or initial_height a text such as "1"';
    throw new GenesisFault('consensus', json.get('consensus'), rule);
  }
  checkBounded(rules.checkParams, consensus.params, 'consensus.params');
  checkTypes(consensus.validators, rules.validatorKeys);
};

/** The application of the SDK takes nothing else. */
const checkAppState = (kind: DocumentMembers['appState']): void => {
  if (kind === 'object') return;
  const found = kind === undefined ? undefined : kind === 'other' ? 'a number or a word' : `a ${kind}`;
  throw new GenesisFault('app_state', found, 'an object with the state of each module');
};

const sdk = (version: CometBFTVersion): GenesisReader => ({
  name: `the Cosmos SDK 0.50 and later with CometBFT ${version}`,
  software: 'sdk',
  version,
  check: (subject) => {
    checkAppGenesis(subject, rulesOf(version));
    checkAppState(subject.appState);
    return tagsIn(subject);
  },
});

const seiKeys = [ed25519, secp256k1, sr25519];

/** Sei's node reads as Go's own decoder does, with whole numbers in quotes. */
export const seiReader: GenesisReader = {
  name: 'Sei',
  software: 'sei',
  check: (subject) => {
    checkDocument(subject, { time: timeInAnyZone, validatorKeys: seiKeys, checkParams: checkParamsOfSei(seiKeys) });
    checkAppState(subject.appState);
    return new Set();
  },
};

/** The versions of CometBFT by themselves, and with the first of them those of the Cosmos SDK before 0.50. */
export const cometBFTReaders: readonly GenesisReader[] = versions.map(cometBFT);

/** CometBFT 0.37 is in versions of the SDK that read its own document only. */
export const sdkReaders: readonly GenesisReader[] = versions.filter((version) => version !== '0.37').map(sdk);
