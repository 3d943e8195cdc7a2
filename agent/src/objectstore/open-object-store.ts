import { discardUploads } from './discard-uploads.ts';
import { headObject } from './head-object.ts';
import { listObjects } from './list-objects.ts';
import type { ObjectStoreLocation } from './location.ts';
import { uploadStream } from './multipart-upload.ts';
import type { ObjectStore } from './object-store.ts';
import { rangedDownload } from './ranged-download.ts';
import { getSmallObject, putSmallObject } from './small-objects.ts';
import { StoreCalls, type StoreOptions } from './store-calls.ts';

/**
 * An S3 object store. Nothing is loaded or connected before the first call. Throws TaskError `egress-refused` where the endpoint must not be
 * reached.
 */
export const openObjectStore = (location: ObjectStoreLocation, options: StoreOptions): ObjectStore => {
  const calls = new StoreCalls(location, options);
  return {
    describe: (key) => calls.describe(key),
    list: (prefix, call) => listObjects(calls, prefix, call),
    head: (key, call) => headObject(calls, key, call),
    getSmall: (key, call) => getSmallObject(calls, key, call),
    putSmall: (key, content, call) => putSmallObject(calls, key, content, call),
    download: (object, call) => rangedDownload(calls, object, call),
    upload: (key, content, call) => uploadStream(calls, key, content, call),
    discardUploads: (prefix, call) => discardUploads(calls, prefix, call),
    close: () => {
      calls.close();
    },
  };
};
