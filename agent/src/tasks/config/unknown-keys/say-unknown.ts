import { maxWarnings } from '@nodetask/shared';
import type { UnknownKey, UnknownKeys } from './find-unknown-keys.ts';

/** "config.toml: p2p.sedes (did you mean p2p.seeds?)" */
export const nameUnknown = ({ file, key, suggestion }: UnknownKey): string =>
  `${file}: ${key}${didYouMean(suggestion)}`;

const didYouMean = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;

/** The first keys in one sentence, with how many there are. */
export const nameAll = ({ listed, count }: UnknownKeys, most = 3): string => {
  const named = listed.slice(0, most).map(nameUnknown).join('; ');
  return count > most ? `${named}; and ${count - Math.min(most, listed.length)} more` : named;
};

/** One warning for each key, as many as a result may have; the last one counts the rest. */
export const warningsOf = ({ listed, count }: UnknownKeys, say: (named: string) => string): readonly string[] => {
  if (count <= maxWarnings) return listed.map((unknown) => say(nameUnknown(unknown)));
  const shown = listed.slice(0, maxWarnings - 1);
  return [...shown.map((unknown) => say(nameUnknown(unknown))), `${count - shown.length} more keys that are not known`];
};
