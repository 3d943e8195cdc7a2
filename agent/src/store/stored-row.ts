import { crc32 } from 'node:zlib';
import { taskRefSchema } from '@nodetask/shared';
import type { DamagedTask } from '../engine/damaged-task.ts';
import type { TaskRecord } from '../engine/store.ts';
import { recordSchema } from './record-schema.ts';

/** A row of the table tasks, as SQLite gives it: nothing in it is taken on trust. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** A row whose record cannot be used. */
export interface DamagedRow extends DamagedTask {
  readonly rowid: number;
}

/** Tells a record whose bits have changed on the disk: SQLite does not checksum its pages. */
export const checksumOf = (record: string): number => crc32(record);

/** The columns by which what is left of a task can be told although its record is damaged. */
export const rowColumns = `rowid, id, kind, running, unreported, type, ref, record, checksum,
  min(max(revision, 0), 9007199254740000) AS revision, min(max(sequence, 0), 9007199254740000) AS sequence`;

/** The record of a row, or what is wrong with it. Total: no row makes it throw. */
export const readRow = (row: StoredRow): TaskRecord | DamagedRow => {
  const text = row['record'];
  if (typeof text !== 'string') return damaged(row, 'it is no text');
  const checksum = row['checksum'];
  // An older agent writes no checksum.
  if (checksum !== null && checksum !== checksumOf(text)) return damaged(row, 'its checksum does not match');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the message of the parser: that quotes the text, which may hold what is secret.
    return damaged(row, 'it is no JSON');
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return damaged(row, `it has another shape: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { id, kind, result } = parsed.data;
  if (id !== row['id'] || kind !== row['kind'] || Number(result.status === 'running') !== row['running']) {
    return damaged(row, `it does not agree with its row: ${id}, ${kind}, ${result.status}`);
  }
  return value as TaskRecord;
};

export const isDamaged = (read: TaskRecord | DamagedRow): read is DamagedRow => 'fault' in read;

export const isRecord = (read: TaskRecord | DamagedRow): read is TaskRecord => !isDamaged(read);

const damaged = (row: StoredRow, fault: string): DamagedRow => ({
  rowid: Number(row['rowid']),
  id: String(row['id']),
  kind: row['kind'] === 'schedule' || row['kind'] === 'daemon' ? row['kind'] : 'one-shot',
  ended: row['running'] !== 1,
  unreported: row['unreported'] !== 0,
  type: typeof row['type'] === 'string' ? row['type'] : undefined,
  ref: refOf(row['ref']),
  revision: Number(row['revision']),
  sequence: Number(row['sequence']),
  fault: fault.slice(0, 256),
});

const refOf = (text: unknown): DamagedTask['ref'] => {
  if (typeof text !== 'string') return undefined;
  try {
    return taskRefSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // The row is damaged as well: nobody can be told by it.
    return undefined;
  }
};
