import type { DocumentTable } from '../../../node/document-value.ts';
import { cometBFTKnownKeys, cometBFTVersions } from '../known-keys/known-keys.ts';
import { basicRefusals } from './cometbft-basic.ts';
import type { Refusal } from './refusal.ts';
import { startRefusals } from './cometbft-start.ts';
import { TypedValues } from './typed-values.ts';

/** The values of config.toml that one version refuses when it reads the file, before anything is started. */
export const readRefusals = (document: DocumentTable, version: string): readonly Refusal[] => {
  const values = valuesOf(document, version);
  return values.refusals.length > 0 ? values.refusals : basicRefusals(values, version);
};

/**
 * The values of config.toml that one version refuses, then or while it starts.
 * @param inSDK the node is one of the Cosmos SDK, which has a log and an application of its own
 */
export const cometBFTRefusals = (document: DocumentTable, version: string, inSDK: boolean): readonly Refusal[] => {
  const values = valuesOf(document, version);
  return [...values.refusals, ...basicRefusals(values, version), ...startRefusals(values, inSDK)];
};

const valuesOf = (document: DocumentTable, version: string): TypedValues =>
  new TypedValues(document, cometBFTKnownKeys().values(), cometBFTVersions, version);
