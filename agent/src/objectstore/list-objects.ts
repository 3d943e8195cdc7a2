import type { CommonPrefix } from '@aws-sdk/client-s3';
import { TaskError } from '@nodetask/shared';
import { pageEntries } from './answer-bound.ts';
import type { ListedObject, ListOptions } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';

/**
 * A task looks for the archives of snapshots, each with a manifest beside it: 105,000 keys are one snapshot every ten minutes for a year.
 * Pages without a key count too, since a store may send any number of them.
 */
const maxPages = 700;

/** Every object below a prefix. A store whose listing does not end costs an error, not a loop. */
export async function* listObjects(
  calls: StoreCalls,
  prefix: string,
  { signal, direct = false, onFolder, pages: most = Infinity }: ListOptions,
): AsyncGenerator<ListedObject, void, undefined> {
  let token: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = await calls.send({ verb: 'list', key: prefix, signal }, ({ sdk, client }, abortSignal) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: calls.location.bucket,
          Prefix: prefix,
          MaxKeys: pageEntries,
          ContinuationToken: token,
          ...(direct ? { Delimiter: '/' } : {}),
        }),
        { abortSignal },
      ),
    );
    const found = page.Contents ?? [];
    if (found.length > pageEntries) {
      throw new TaskError(
        'object-store-invalid',
        `${calls.describe(prefix)}: the store answers with ${found.length} objects, and ${pageEntries} were asked for: check endpoint`,
      );
    }
    for (const { Key: key, LastModified: modified } of found) {
      if (key === undefined) continue;
      yield { key, ...(modified === undefined ? {} : { modifiedAt: modified.getTime() }) };
    }
    if (onFolder !== undefined) for (const folder of foldersOf(page.CommonPrefixes, prefix)) onFolder(folder);
    if (page.IsTruncated !== true || pages >= most) return;
    const next = page.NextContinuationToken;
    if (next === undefined || next === token) {
      throw new TaskError(
        'object-store-invalid',
        `${calls.describe(prefix)}: the store says that the list goes on but not where: check endpoint`,
      );
    }
    if (pages >= maxPages) {
      throw new TaskError(
        'object-store-invalid',
        `${calls.describe(prefix)}: the list has more than ${maxPages} pages: use a prefix of its own for the snapshots, or check endpoint`,
      );
    }
    token = next;
  }
}

/** The folders below a prefix, without what a store may name that is none. */
const foldersOf = (found: readonly CommonPrefix[] = [], prefix: string): readonly string[] =>
  found
    .slice(0, pageEntries)
    .flatMap(({ Prefix: folder }) =>
      folder !== undefined && folder.length > prefix.length && folder.startsWith(prefix) && folder.endsWith('/')
        ? [folder]
        : [],
    );
