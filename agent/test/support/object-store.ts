import { after } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type S3Server, startS3 } from '@nodetask/testbed';
import { createEgress } from '../../src/node/testing/loopback-egress.ts';
import { compileLocation, type ObjectStoreParams } from '../../src/objectstore/location.ts';
import type { ObjectStore } from '../../src/objectstore/object-store.ts';
import { openObjectStore } from '../../src/objectstore/open-object-store.ts';
import type { OnTransfer } from '../../src/objectstore/store-calls.ts';

export const testBucket = 'snapshots';

/** An S3 server for the tests of this file, whose credentials the standard provider chain finds in the environment. */
export const startTestS3 = async (): Promise<S3Server> => {
  const s3 = await startS3({ buckets: [testBucket] });
  Object.assign(process.env, s3.environment);
  after(() => s3.stop());
  return s3;
};

/** An egress check that lets tests reach servers of this machine. */
export const loopbackEgress = () => createEgress({ nodeRPC: 'http://127.0.0.1:26657', allowHosts: ['127.0.0.1'] });

/** Opens the store that a task with these params would use. */
export const openTestStore = (params: ObjectStoreParams, onTransfer?: OnTransfer): ObjectStore =>
  openObjectStore(compileLocation(params), {
    egress: loopbackEgress(),
    clock: systemClock,
    ...(onTransfer === undefined ? {} : { onTransfer }),
  });

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
