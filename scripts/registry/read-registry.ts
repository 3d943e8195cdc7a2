import { readFile } from 'node:fs/promises';
import * as z from 'zod';

/** A key of a registry, without what the two shapes of the file say differently. */
export interface Entry {
  readonly key: string;
  /** Facts by name, in the order in which they are shown, as texts that can be compared. */
  readonly facts: Readonly<Record<string, string>>;
  /** Its place on disk; empty for a key that no file stores. */
  readonly place: string;
}

export const modes = ['validator', 'full', 'seed', 'archive'] as const;

const placeSchema = z.union([z.string(), z.object({ file: z.string(), tomlPath: z.string() })]);

/** Both shapes: the agent's, and the longer one that names environment variables, sections and older versions, too. */
const entrySchema = z.object({
  key: z.string(),
  file: z.string().nullish(),
  tomlPath: z.string().nullish(),
  type: z.string(),
  defaults: z.object({ validator: z.json(), full: z.json(), seed: z.json(), archive: z.json() }),
  hotReload: z.boolean().nullish(),
  unit: z.string().nullish(),
  enum: z.array(z.string()).nullish(),
  overridable: z.boolean().nullish(),
  alsoWrittenTo: z.array(placeSchema).nullish(),
  rules: z.array(z.object({ severity: z.string(), field: z.string().nullish(), when: z.string() })).nullish(),
  description: z.string().nullish(),
});

/** Reads a registry. Throws an Error that says in one line what is wrong with which file. */
export const readRegistry = async (path: string): Promise<ReadonlyMap<string, Entry>> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error(`${path} cannot be read: ${String(error)}`, { cause: error });
  });
  return parseRegistry(text, path);
};

export const parseRegistry = (text: string, path: string): ReadonlyMap<string, Entry> => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${String(error)}`, { cause: error });
  }
  const parsed = z.array(entrySchema).safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path} is no list of registry entries: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const entries = new Map(parsed.data.map((entry) => [entry.key, toEntry(entry)]));
  if (entries.size < parsed.data.length) {
    const keys = parsed.data.map(({ key }) => key);
    throw new Error(`${path} has the key ${keys.find((key, index) => keys.indexOf(key) !== index) ?? ''} twice`);
  }
  return entries;
};

const toEntry = (entry: z.output<typeof entrySchema>): Entry => {
  const place = [entry.file, entry.tomlPath].filter((part) => part !== null && part !== undefined).join(' ');
  const also = (entry.alsoWrittenTo ?? []).map((one) =>
    typeof one === 'string' ? one.replace(':', ' ') : `${one.file} ${one.tomlPath}`,
  );
  return {
    key: entry.key,
    place,
    facts: {
      place: place === '' ? 'in no file' : place,
      'also written to': also.join(', '),
      type: entry.type,
      ...Object.fromEntries(modes.map((mode) => [`default of ${mode}`, JSON.stringify(entry.defaults[mode])])),
      'known values': entry.enum?.join(', ') ?? '',
      'taken up while the node runs': entry.hotReload === true ? 'yes' : '',
      'cannot be overridden': entry.overridable === false ? 'yes' : '',
      unit: entry.unit ?? '',
      ...rulesOf(entry),
      description: entry.description ?? '',
    },
  };
};

/** Each rule is a fact by itself: its text is both what it is called and what it says. */
const rulesOf = ({ key, rules }: z.output<typeof entrySchema>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (rules ?? []).map(({ severity, field, when }) => {
      const rule = `${severity} on ${field ?? key} when ${when}`;
      return [`rule ${rule}`, rule];
    }),
  );
