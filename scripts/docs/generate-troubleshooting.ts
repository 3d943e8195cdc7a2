/** Puts the tables of all reasons, events and error codes, and of those of S3, into docs/troubleshooting.md, out of their registries. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../steps.ts';
import { putBetween } from './put-between.ts';
import { codeTable, eventTable, reasonTables, s3Table } from './troubleshooting-tables.ts';

const file = join(root, 'docs', 'troubleshooting.md');
const tables = { reasons: reasonTables(), events: eventTable(), codes: codeTable(), s3: s3Table() };

const page = Object.entries(tables).reduce(
  (text, [name, content]) => putBetween(text, name, content),
  await readFile(file, 'utf8'),
);
await writeFile(file, page);
