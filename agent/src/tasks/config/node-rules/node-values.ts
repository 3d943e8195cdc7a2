/** The values of both files, as each pair of versions that may be the node's reads them. */
import { type DocumentTable, valueAt } from '../../../node/document-value.ts';
import type { ConfigOnDisk } from '../config-files.ts';
import { type CometBFTVersion, cometBFTVersions, sdkVersions } from '../known-keys/versions.ts';
import { appValues } from './app-refusals.ts';
import { cometBFTValues } from './cometbft-refusals.ts';
import type { TypedValues } from './typed-values.ts';

export interface NodeValues {
  readonly config: TypedValues;
  /** Absent for CometBFT's own program. */
  readonly app?: TypedValues;
}

/** The `version` that CometBFT's init writes into config.toml tells which it may be. */
export const likelyVersions = (document: DocumentTable): readonly CometBFTVersion[] => {
  const written = valueAt(document, ['version']);
  const minor = typeof written === 'string' ? /^\d{1,3}\.\d{1,3}\./.exec(written)?.[0] : undefined;
  const same = cometBFTVersions.filter((version) => minor !== undefined && version.startsWith(`v${minor}`));
  return same.length === 0 ? cometBFTVersions : same;
};

export const valuesOfNode = ({ files }: ConfigOnDisk): readonly NodeValues[] => {
  const { 'config.toml': config, 'app.toml': app } = files;
  const ofApp = app.text === undefined ? [] : sdkVersions.map((version) => appValues(app.document, version));
  return likelyVersions(config.document).flatMap((version) => {
    const ofConfig = cometBFTValues(config.document, version);
    return ofApp.length === 0 ? [{ config: ofConfig }] : ofApp.map((one) => ({ config: ofConfig, app: one }));
  });
};
