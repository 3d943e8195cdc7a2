import { createHash } from 'node:crypto';
import type { ResultExportParams } from '@nodetask/shared';
import type { LockName } from '../../engine/task-handler.ts';
import { compileLocation, type ObjectStoreLocation } from '../../objectstore/location.ts';

/** Heights from first to last, both included. */
export interface HeightRange {
  readonly from: number;
  readonly to: number;
}

/** Where pages go. What was exported is remembered for each destination. */
export interface ExportDestination {
  readonly location: ObjectStoreLocation;
  /** 32 hexadecimal digits that stand for server, bucket and prefix: the same however the params spell them. */
  readonly id: string;
  /** Held while something is written to the destination. */
  readonly lock: LockName;
  /** Key of the object that holds these blocks. */
  pageKey(page: HeightRange): string;
}

/** Throws TaskError `invalid-params`. */
export const compileDestination = (params: ResultExportParams): ExportDestination => {
  const location = compileLocation(params);
  const { bucket, prefix, endpoint } = location;
  const server = endpoint === undefined ? '' : new URL(endpoint).origin;
  const id = createHash('sha256')
    .update(JSON.stringify([server, bucket, prefix]))
    .digest('hex')
    .slice(0, 32);
  return {
    location,
    id,
    lock: `result-export ${id}`,
    pageKey: ({ from, to }) => `${prefix}${from}-${to}.ndjson.gz`,
  };
};
