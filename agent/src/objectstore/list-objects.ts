import { TaskError } from '@nodetask/shared';
import type { ListOptions, ObjectInfo } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';

/** Every object below a prefix. A store that hands out the same page for ever ends in an error, not in a loop. */
export async function* listObjects(
  calls: StoreCalls,
  prefix: string,
  { signal, direct = false }: ListOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let token: string | undefined;
  do {
    const page = await calls.send({ verb: 'list', key: prefix, signal }, ({ sdk, client }, abortSignal) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: calls.location.bucket,
          Prefix: prefix,
          ContinuationToken: token,
          ...(direct ? { Delimiter: '/' } : {}),
        }),
        { abortSignal },
      ),
    );
    for (const { Key: key, Size: bytes, ETag: etag } of page.Contents ?? []) {
      if (key !== undefined && bytes !== undefined && etag !== undefined) yield { key, bytes, etag };
    }
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (page.IsTruncated === true && (next === undefined || next === token)) {
      throw new TaskError(
        'object-store-invalid',
        `${calls.describe(prefix)}: the store says that the list goes on but not where: check endpoint`,
      );
    }
    token = next;
  } while (token !== undefined);
}
