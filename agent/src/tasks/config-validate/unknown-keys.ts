import type { ConfigOnDisk } from '../config/config-files.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import { configFiles } from '../config/registry.ts';
import { joinCounted } from '../bounded-list.ts';
import { findUnknownIn, type UnknownKeys } from '../config/unknown-keys/find-unknown-keys.ts';

/** The keys of both files that their node is not known to read. */
export const unknownOnDisk = ({ files, dialect }: ConfigOnDisk): UnknownKeys =>
  joinCounted(configFiles.map((file) => findUnknownIn(file, files[file].document, dialect)));

/** As diagnostics: a WARNING each, with `strict` an ERROR; the last one counts those that are not listed. */
export const unknownDiagnostics = (
  { listed, count }: UnknownKeys,
  { files, dialect }: ConfigOnDisk,
  strict: boolean,
): readonly Diagnostic[] => {
  const severity = strict ? 'ERROR' : 'WARNING';
  const node = dialect === 'sei' ? 'Sei' : 'CometBFT';
  const shown = listed.map(({ file, key, suggestion }): Diagnostic => {
    const hint = suggestion === undefined ? '' : `: did you mean ${suggestion}?`;
    const path = files[file === 'app.toml' ? file : 'config.toml'].path;
    return { severity, field: key, message: `is in ${path}, and no ${node} node is known to read it${hint}` };
  });
  if (count === listed.length) return shown;
  return [...shown, { severity, field: 'unknown keys', message: `${count - listed.length} more are not listed` }];
};
