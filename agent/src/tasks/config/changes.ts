import type { JsonObject, JsonValue, PatchableFile } from '@nodetask/shared';
import {
  type DocumentTable,
  type DocumentValue,
  formatPath,
  isTable,
  type KeyPath,
  type ValueEdit,
  valueAt,
} from '../../node/document-value.ts';
import { type Counted, fittingBytes, joinCounted } from '../bounded-list.ts';
import { cut, hidden, shownValue } from './shown-value.ts';

/** A key of a file that a task changes, with its values as far as they are public. */
export interface Change {
  readonly file: PatchableFile;
  /** As messages write it, in the spelling of the file. */
  readonly key: string;
  /** Absent: the file does not have the key before. */
  readonly from?: JsonValue;
  /** Absent: the key is removed. */
  readonly to?: JsonValue;
}

export type Changes = Counted<Change>;

/** More are counted and not listed: an output has room for fewer. */
const maxListed = 300;

const maxKey = 160;

/**
 * The changes that edits make in a document, in order. A section of a TOML file that is new or removed counts key by key; in a JSON file it counts as
 * one key, because what it holds may not have been read.
 */
export const changesOf = (file: PatchableFile, before: DocumentTable, edits: readonly ValueEdit[]): Changes => {
  const listed: Change[] = [];
  let count = 0;
  const add = (path: KeyPath, from: DocumentValue | undefined, to: DocumentValue | undefined): void => {
    if (from === undefined && to === undefined) return;
    if (file !== 'genesis.json' && (isFilled(from) || isFilled(to))) {
      for (const [key, value] of members(from)) add([...path, key], value, undefined);
      for (const [key, value] of members(to)) add([...path, key], undefined, value);
      add(path, isTable(from) ? undefined : from, isTable(to) ? undefined : to);
      return;
    }
    count++;
    if (listed.length >= maxListed) return;
    listed.push({
      file,
      key: cut(formatPath(path), maxKey),
      ...(from === undefined ? {} : { from: shownValue(file, path, from) }),
      ...(to === undefined ? {} : { to: shownValue(file, path, to) }),
    });
  };
  for (const { path, value } of edits) add(path, valueAt(before, path), value);
  return { listed, count };
};

const isFilled = (value: DocumentValue | undefined): boolean => members(value).length > 0;

const members = (value: DocumentValue | undefined): readonly (readonly [string, DocumentValue])[] =>
  isTable(value) ? Object.entries(value) : [];

/** Changes of several files; keys that the files have had come before those that are new, of which a file that is written anew has hundreds. */
export const joinChanges = (all: readonly Changes[]): Changes => {
  const { listed, count } = joinCounted(all);
  return { listed: [...listed.filter(isOld), ...listed.filter((change) => !isOld(change))], count };
};

const isOld = ({ from }: Change): boolean => from !== undefined;

/** The share of the 16 KiB of an output that the list may take, unless the task has more to tell. */
const defaultBytes = 8 * 1024;

/** For the output of a task: as many as the bytes allow, and how many are left out. */
export const changesOutput = ({ listed, count }: Changes, bytes = defaultBytes): JsonObject => {
  const changes = fittingBytes(listed, bytes).map((change): JsonObject => ({ ...change }));
  return { changes, ...(changes.length < count ? { changesOmitted: count - changes.length } : {}) };
};

/** "p2p.max_num_inbound_peers 40 → 80, p2p.seeds changed (hidden), and 3 more". */
export const sayChanges = ({ listed, count }: Changes, most = 3): string => {
  // An edit may spell a value in another way, and a new file may hold none.
  if (count === 0) return 'no value, only how the files are written';
  const said = listed.slice(0, most).map(sayChange);
  const more = count - said.length;
  return [...said, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
};

/** The message of a task that was only to tell what it would do. */
export const sayDryRun = (said: string): string => `dryRun is set, and nothing was written: ${said}`;

const sayChange = ({ key, from, to }: Change): string => {
  const name = cut(key, maxSaidKey);
  if (from === undefined) return to === hidden ? `${name} added (hidden)` : `${name} set to ${say(to)}`;
  if (to === undefined) return from === hidden ? `${name} removed` : `${name} removed (was ${say(from)})`;
  return from === hidden && to === hidden ? `${name} changed (hidden)` : `${name} ${say(from)} \u2192 ${say(to)}`;
};

/** Three keys and their values leave room for what a task says beside them. */
const maxSaidKey = 60;
const maxSaidValue = 40;

/** A plain word as it is, everything else as JSON. */
const say = (value: JsonValue | undefined): string => {
  if (typeof value === 'string' && (value === hidden || /^[\w.:*+-]+$/.test(value))) return cut(value, maxSaidValue);
  return cut(JSON.stringify(value ?? null), maxSaidValue);
};
