import { pageEntries } from './answer-bound.ts';
import type { DiscardOptions } from './object-store.ts';
import type { StoreCall, StoreCalls } from './store-calls.ts';

/** What one call looks through at most; a bucket with more unfinished uploads needs a lifecycle rule. */
const maxPages = 100;
/** The most that one call discards. A crash leaves one; the rest waits for the next call. */
const maxDiscarded = 100;

/** Aborts unfinished multipart uploads that are left over: tidying up, which has its bounds and never fails by them. */
export const discardUploads = async (
  calls: StoreCalls,
  prefix: string,
  { signal, isLeftover }: DiscardOptions,
): Promise<readonly string[]> => {
  const { bucket } = calls.location;
  const discarded: string[] = [];
  let keyMarker: string | undefined;
  let uploadMarker: string | undefined;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await calls.send(
      { verb: 'list the unfinished uploads of', key: prefix, signal },
      ({ sdk, client }, abortSignal) =>
        client.send(
          new sdk.ListMultipartUploadsCommand({
            Bucket: bucket,
            Prefix: prefix,
            MaxUploads: pageEntries,
            KeyMarker: keyMarker,
            UploadIdMarker: uploadMarker,
          }),
          { abortSignal },
        ),
    );
    for (const { Key: key, UploadId: id, Initiated: begun } of page.Uploads ?? []) {
      if (key === undefined || id === undefined) continue;
      const age = begun === undefined ? 0 : calls.clock.now() - begun.getTime();
      if (!isLeftover(key, age)) continue;
      await abortUpload(calls, key, id, { signal });
      discarded.push(key);
      if (discarded.length >= maxDiscarded) return discarded;
    }
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) break;
    keyMarker = page.NextKeyMarker;
    uploadMarker = page.NextUploadIdMarker;
  }
  return discarded;
};

/** Discards an unfinished upload and its parts; answers whether there was one. */
export const abortUpload = (
  calls: StoreCalls,
  key: string,
  id: string,
  bounds: Pick<StoreCall, 'signal' | 'budgetMs'>,
): Promise<boolean> =>
  calls.send({ verb: 'discard the unfinished upload of', key, ...bounds }, async ({ sdk, client }, abortSignal) => {
    try {
      const command = new sdk.AbortMultipartUploadCommand({ Bucket: calls.location.bucket, Key: key, UploadId: id });
      await client.send(command, { abortSignal });
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchUpload') return false;
      throw error;
    }
  });
