import type { DocumentValue } from '../../node/document-value.ts';
import { formatGoDuration } from './go-duration.ts';
import { placesOf, type RegistryEntry, registry } from './registry.ts';
import { hidden, quotedValue } from './shown-value.ts';

/** What a file has for a key of the registry, as a message can have it. */
export const quotedRaw = (entry: RegistryEntry, raw: DocumentValue): string => {
  const [place] = placesOf(entry);
  return place === undefined ? hidden : quotedValue(place.file, place.path, raw);
};

/** A value of the model, as its file would show it. */
export const quotedSetting = (key: string, value: DocumentValue | undefined): string => {
  const entry = registry().get(key);
  if (entry === undefined || value === undefined) return hidden;
  const isDuration = entry.type === 'duration' && typeof value === 'bigint';
  const shown = quotedRaw(entry, value);
  return isDuration && shown !== hidden ? formatGoDuration(value) : shown;
};
