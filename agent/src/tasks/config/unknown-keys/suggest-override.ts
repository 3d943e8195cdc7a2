import { placesOf, registry } from '../registry.ts';
import { nearestWord } from '@nodetask/shared';
import { plainKey } from './key-index.ts';

/** Advice for an override that names no key of the registry: people know keys by their place in the file, and mistype them. */
export const hintForOverride = (key: string): string => {
  const found = byPlace().get(plainKey(key)) ?? byLastPart(plainKey(key)) ?? nearest(plainKey(key));
  return found === undefined
    ? ': docs/reference/config-keys.md lists all keys'
    : `: did you mean ${found}? (docs/reference/config-keys.md lists all keys)`;
};

let made: ReadonlyMap<string, string> | undefined;

/** Registry keys by their own name and by each of their places, without spelling. */
const byPlace = (): ReadonlyMap<string, string> => {
  made ??= new Map(
    [...registry().values()].flatMap((entry) =>
      [...placesOf(entry).map(({ path }) => path.join('.')), entry.key].map((name) => [plainKey(name), entry.key]),
    ),
  );
  return made;
};

const lastOf = (name: string): string => name.split('.').at(-1) ?? name;

/** The key in another section, if only one has it. */
const byLastPart = (key: string): string | undefined => {
  const found = new Set([...byPlace()].filter(([name]) => lastOf(name) === lastOf(key)).map(([, entry]) => entry));
  const [first] = found;
  return found.size === 1 ? first : undefined;
};

const nearest = (key: string): string | undefined => byPlace().get(nearestWord(key, byPlace().keys()) ?? '');
