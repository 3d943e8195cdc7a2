import { archiveError } from './archive-error.ts';
import { decodeName } from './entry-path.ts';

/** What a pax header says about the entry after it, as far as it matters for unpacking. */
export interface PaxValues {
  readonly name?: string;
  readonly bytes?: number;
}

/** Parses the records of a pax header: `<length> <key>=<value>\n`. */
export const applyPax = (records: Buffer): PaxValues => {
  let values: PaxValues = {};
  for (let at = 0; at < records.length;) {
    const space = records.indexOf(0x20, at);
    const length = /^[1-9]\d{0,5}$/.exec(records.toString('latin1', at, space === -1 ? at : space))?.[0];
    const end = at + Number(length);
    if (length === undefined || end > records.length || records[end - 1] !== 0x0a)
      throw archiveError('has a damaged pax header');
    const record = records.subarray(space + 1, end - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 1) throw archiveError('has a damaged pax header');
    values = { ...values, ...valueOf(record.toString('latin1', 0, equals), record.subarray(equals + 1)) };
    at = end;
  }
  return values;
};

const valueOf = (key: string, value: Buffer): PaxValues => {
  if (key === 'path') return { name: decodeName(value) };
  if (key.startsWith('GNU.sparse.'))
    throw archiveError('has a sparse file; only regular files and folders are unpacked');
  if (key !== 'size') return {};
  const bytes = Number(value.toString('latin1'));
  if (!/^\d{1,16}$/.test(value.toString('latin1')) || !Number.isSafeInteger(bytes)) {
    throw archiveError('has a pax header with a size that is none');
  }
  return { bytes };
};
