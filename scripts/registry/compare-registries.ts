import { type Entry, modes } from './read-registry.ts';

type Registry = ReadonlyMap<string, Entry>;

export interface Comparison {
  /** Lines of at most 80 characters, where no single word is longer. */
  readonly lines: readonly string[];
  readonly differ: boolean;
}

interface Counts {
  added: number;
  removed: number;
  renamed: number;
  changed: number;
}

/** The differences between two registries, by key in alphabetical order; the last line counts. Pure. */
export const compareRegistries = (before: Registry, after: Registry): Comparison => {
  const names = renamed(before, after);
  const counts: Counts = { added: 0, removed: 0, renamed: 0, changed: 0 };
  const lines: string[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const old = before.get(key);
    const now = after.get(names.get(key) ?? key);
    if (old === undefined) {
      // A new name of an old key is told under the old one.
      if (now === undefined || [...names.values()].includes(key)) continue;
      counts.added += 1;
      lines.push(`+ ${key}`, ...factsOf(now));
    } else if (now === undefined) {
      counts.removed += 1;
      lines.push(`- ${key}`, ...wrap(4, `was at: ${old.facts['place'] ?? ''}`));
    } else {
      const changes = changesOf(old, now);
      if (now.key !== key) {
        counts.renamed += 1;
        lines.push(`> ${key}`, ...wrap(4, `is now called ${now.key}`), ...changes);
      } else if (changes.length > 0) {
        counts.changed += 1;
        lines.push(`~ ${key}`, ...changes);
      }
    }
  }
  const differ = lines.length > 0;
  const { added, removed, changed } = counts;
  const sum = `${added} added, ${removed} removed, ${counts.renamed} renamed, ${changed} changed; ${before.size} -> ${after.size} keys`;
  return { lines: [...lines, sum], differ };
};

/** New names by old name: of keys that are gone and have left their place to a new key. */
const renamed = (before: Registry, after: Registry): ReadonlyMap<string, string> => {
  const places = new Map(
    [...after.values()].filter(({ key, place }) => !before.has(key) && place !== '').map((one) => [one.place, one.key]),
  );
  return new Map(
    [...before.values()]
      .filter(({ key }) => !after.has(key))
      .flatMap(({ key, place }) => {
        const name = places.get(place);
        return name === undefined ? [] : [[key, name] as const];
      }),
  );
};

/** The defaults of four modes as one fact. */
const joinDefaults = (facts: Entry['facts']): Entry['facts'] =>
  Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => {
      if (name === `default of ${modes[0]}`) return [['default of every mode', value]];
      return name.startsWith('default of ') ? [] : [[name, value]];
    }),
  );

const isSameInEveryMode = ({ facts }: Entry): boolean =>
  new Set(modes.map((mode) => facts[`default of ${mode}`])).size === 1;

const factsOf = (entry: Entry): readonly string[] =>
  Object.entries(isSameInEveryMode(entry) ? joinDefaults(entry.facts) : entry.facts)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => wrap(4, name.startsWith('rule ') ? `rule: ${value}` : `${name}: ${value}`));

const changesOf = (old: Entry, now: Entry): readonly string[] => {
  const join = [old, now].every(isSameInEveryMode) ? joinDefaults : (facts: Entry['facts']) => facts;
  const [before, after] = [join(old.facts), join(now.facts)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [from = '', to = ''] = [before[name], after[name]];
    if (from === to) return [];
    if (name.startsWith('rule ')) return wrap(4, from === '' ? `new rule: ${to}` : `rule gone: ${from}`);
    const line = `    ${name}: ${shown(from)} -> ${shown(to)}`;
    return line.length <= width ? [line] : [`    ${name}:`, ...wrap(6, shown(from)), ...wrap(6, `-> ${shown(to)}`)];
  });
};

const shown = (value: string): string => (value === '' ? 'none' : value);

const width = 80;

/** Breaks a text between words; lines after the first are indented by two more. */
const wrap = (indent: number, text: string): readonly string[] => {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent + 2);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
};
