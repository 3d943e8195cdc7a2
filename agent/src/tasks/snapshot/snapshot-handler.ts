import type { Clock, SnapshotRestoreParams, SnapshotUploadParams } from '@nodetask/shared';
import type { Pledge, TaskContext, TaskHandler, TaskReport, ToldReport } from '../../engine/task-handler.ts';
import type { Egress } from '../../node/egress.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { checkEndpoint } from '../../objectstore/configured-endpoint.ts';
import { compileLocation, type ObjectStoreLocation } from '../../objectstore/location.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { openObjectStore } from '../../objectstore/open-object-store.ts';
import type { OnTransfer } from '../../objectstore/store-calls.ts';
import { snapshotsLock } from './snapshots-folder.ts';

/** What both tasks on snapshots are given. */
export interface SnapshotOptions {
  readonly home: NodeHome;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly cpus: number;
  readonly onTransfer?: OnTransfer;
  /** Called after each step that a crash could follow; tests end the process in it. */
  readonly afterStep?: (step: string) => void;
}

/** A handler that works on the node's snapshots and one location of an object store, which is open for as long as the work takes. */
export const snapshotHandler = <P extends SnapshotUploadParams | SnapshotRestoreParams>(
  options: SnapshotOptions,
  work: (store: ObjectStore, location: ObjectStoreLocation, context: TaskContext<P>) => Promise<ToldReport>,
  /** As `finish` of a handler. */
  finish: (
    store: ObjectStore,
    location: ObjectStoreLocation,
    context: TaskContext<P>,
    pledge: Pledge,
  ) => Promise<TaskReport | undefined>,
): TaskHandler<P> => ({
  interrupted: 'run-again',
  locks: () => [snapshotsLock],
  check: (params) => {
    checkEndpoint(options.egress, compileLocation(params));
  },
  run: (context) => withStore(options, context, (store, location) => work(store, location, context)),
  finish: (context, pledge) =>
    withStore(options, context, (store, location) => finish(store, location, context, pledge)),
});

const withStore = async <P extends SnapshotUploadParams | SnapshotRestoreParams, T>(
  options: SnapshotOptions,
  { params }: TaskContext<P>,
  use: (store: ObjectStore, location: ObjectStoreLocation) => Promise<T>,
): Promise<T> => {
  const location = compileLocation(params);
  const store = openObjectStore(location, options);
  try {
    return await use(store, location);
  } finally {
    store.close();
  }
};
