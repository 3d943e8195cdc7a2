import type { ResultExportParams } from '@nodetask/shared';
import type { LockName } from '../../engine/task-handler.ts';
import { compileLocation, type ObjectStoreLocation } from '../../objectstore/location.ts';
import { destinationId } from '../destination-id.ts';

/** Heights from first to last, both included. */
export interface HeightRange {
  readonly from: number;
  readonly to: number;
}

/** Where pages go. What was exported is remembered for each destination. */
export interface ExportDestination {
  readonly location: ObjectStoreLocation;
  /** As destination-id.ts makes it. */
  readonly id: string;
  /** Held while something is written to the destination. */
  readonly lock: LockName;
  /** Key of the object that holds these blocks. */
  pageKey(page: HeightRange): string;
}

/** Throws TaskError `invalid-params`. */
export const compileDestination = (params: ResultExportParams): ExportDestination => {
  const location = compileLocation(params);
  const id = destinationId(location);
  return {
    location,
    id,
    lock: `result-export ${id}`,
    pageKey: ({ from, to }) => `${location.prefix}${from}-${to}.ndjson.gz`,
  };
};
