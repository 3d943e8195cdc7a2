import { TaskError } from '@nodetask/shared';
import { compileObjectUri, type ObjectStoreParams } from '../../objectstore/location.ts';
import { integrityDoubts } from '../../objectstore/integrity-doubts.ts';
import { openObjectStore } from '../../objectstore/open-object-store.ts';
import type { StoreOptions } from '../../objectstore/store-calls.ts';
import type { GenesisSource } from './genesis-source.ts';

/** A genesis document in an object store. Throws TaskError `invalid-params` or `egress-refused`. */
export const s3Source = (
  params: ObjectStoreParams & { readonly uri: string },
  options: StoreOptions,
): GenesisSource => {
  const { location, key } = compileObjectUri(params);
  const store = openObjectStore(location, options);
  const name = store.describe(key);
  return {
    name,
    read: async function* ({ signal, onTotal, onDoubts }) {
      try {
        const object = await store.head(key, { signal });
        if (object === undefined) {
          throw new TaskError(
            'object-missing',
            `there is no ${name}; nothing was changed: check uri, region and endpoint`,
          );
        }
        onTotal(object.bytes);
        onDoubts(integrityDoubts('document', object));
        yield* store.download(object, { signal });
      } finally {
        store.close();
      }
    },
  };
};
