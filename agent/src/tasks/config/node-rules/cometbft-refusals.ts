import type { DocumentTable } from '../../../node/document-value.ts';
import { cometBFTKnownKeys } from '../known-keys/known-keys.ts';
import { type CometBFTVersion, cometBFTVersions } from '../known-keys/versions.ts';
import { basicRefusals } from './cometbft-basic.ts';
import type { Refusal } from './refusal.ts';
import { startRefusals } from './cometbft-start.ts';
import { flagRefusals } from './start-flags.ts';
import { TypedValues } from './typed-values.ts';

/**
 * The values of config.toml that one version refuses when it reads the file, or while it starts.
 * @param inSDK the node is one of the Cosmos SDK, which has a log and an application of its own, and does not run CometBFT's own check of the file
 */
export const cometBFTRefusals = (
  document: DocumentTable,
  version: CometBFTVersion,
  inSDK: boolean,
): readonly Refusal[] => {
  const values = cometBFTValues(document, version);
  const basic = basicRefusals(values, version);
  return [
    ...values.refusals,
    ...(inSDK ? [...flagRefusals(values), ...basic.map(asSDKTakes)] : basic),
    ...startRefusals(values, version, inSDK),
  ];
};

/** Rules of the check that a node breaks over later, without it. */
const brokenLater = /^(?:mempool\.type|blocksync\.version|statesync\..*)$/;

const asSDKTakes = (refusal: Refusal): Refusal =>
  brokenLater.test(refusal.key)
    ? refusal
    : {
        key: refusal.key,
        why: `${refusal.why}: CometBFT's own check refuses it, which a node of the SDK does not run`,
        doubt: true,
      };

export const cometBFTValues = (document: DocumentTable, version: CometBFTVersion): TypedValues =>
  new TypedValues(document, { keys: cometBFTKnownKeys().values(), versions: cometBFTVersions, version });
