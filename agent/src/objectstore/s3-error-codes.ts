/**
 * The meaning of S3's error codes for a task, as data: AWS' own, and those of the stores that speak S3 (MinIO, Ceph, Cloudflare R2, Google).
 * The HTTP status counts only for a code that is not here, since stores answer one code with different statuses.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import type { ErrorCode } from '@nodetask/shared';

/** The verdict on an error of a store. */
export interface StoreVerdict {
  /** Our code. */
  readonly code: ErrorCode;
  /** True if the same call may succeed later without anybody doing something. */
  readonly retriable: boolean;
  /** For the end of a message. */
  readonly remedy: string;
}

const lasting = (code: ErrorCode, remedy: string): StoreVerdict => ({ code, retriable: false, remedy });
const passing = (code: ErrorCode, remedy: string): StoreVerdict => ({ code, retriable: true, remedy });

const bucketMissing = lasting('bucket-missing', 'check bucket, region and endpoint, or create the bucket');
const objectMissing = lasting('object-missing', 'check the key, and what has been uploaded');
const archived = lasting(
  'object-archived',
  'restore the object from the archive first, and exempt such objects from the lifecycle rule that moves them there',
);
const full = lasting(
  'object-store-full',
  'the store is full, or its quota used up: free space there, or raise the quota',
);
const key = lasting(
  'object-store-refused',
  'the KMS key of the bucket cannot be used: enable it, cancel its deletion, or choose another key for the bucket',
);
const keyBusy = passing('object-store-unreachable', 'the KMS behind the bucket is busy or fails: run it again');
const account = lasting(
  'object-store-refused',
  'the account is closed, suspended or unpaid: ask whoever runs the store',
);
const wrongKey = lasting(
  'object-store-refused',
  "the agent's access key or its secret is wrong for this store: correct them",
);
const expired = lasting('object-store-refused', "the agent's session credentials are no longer valid: renew them");
const skewed = lasting('object-store-refused', 'the clock of this machine is wrong: set it');
const otherRegion = lasting('object-store-invalid', 'the bucket is in another region: correct region');
const tooLarge = lasting(
  'object-store-invalid',
  'the object is larger than the store takes: raise the limit of the store, or use another one',
);
const unknownCall = lasting('object-store-invalid', 'the store does not know this call: use another store');
const changed = passing('object-changed', 'somebody replaced or removed it meanwhile');
const busy = passing('object-store-unreachable', 'the store wants fewer requests: run it again later');
export const damaged = passing(
  'object-store-unreachable',
  'what arrived was not what was sent: check the network, and run it again',
);
const down = passing('object-store-unreachable', 'check endpoint, region and network, and run it again');
const denied = lasting(
  'object-store-refused',
  "set requestPayer: requester if the requester pays there; else allow it in the bucket's policy or the role of the agent",
);
const locked = lasting(
  'object-store-refused',
  'the object is locked against changes: use another prefix, or end the lock',
);
const named = lasting('object-store-invalid', 'check bucket and prefix');
const unknown = lasting('object-store-invalid', 'check endpoint and region, and that an S3 server listens there');

/** By the code as the store sends it. */
export const s3ErrorCodes: ReadonlyMap<string, StoreVerdict> = new Map([
  // The bucket and the object.
  ['NoSuchBucket', bucketMissing],
  ['NoSuchKey', objectMissing],
  ['NotFound', objectMissing],
  ['NoSuchVersion', objectMissing],
  ['InvalidObjectState', archived],
  ['InvalidBucketName', named],
  ['KeyTooLongError', named],
  // Changes that somebody else made.
  ['ConditionalRequestConflict', changed],
  ['OperationAborted', changed],
  ['PreconditionFailed', changed],
  ['InvalidRange', changed],
  ['RequestedRangeNotSatisfiable', changed],
  ['NoSuchUpload', changed],
  ['InvalidPart', changed],
  ['InvalidPartOrder', changed],
  // Sizes that the store does not take, and no space left.
  [
    'EntityTooSmall',
    lasting(
      'object-store-invalid',
      'the store wants larger parts than the agent sends: let it take parts of 5 MiB as S3 does, or use another store',
    ),
  ],
  ['EntityTooLarge', tooLarge],
  ['MaxMessageLengthExceeded', tooLarge],
  ['RequestEntityTooLarge', tooLarge],
  ['QuotaExceeded', full],
  ['BucketQuotaExceeded', full],
  ['InsufficientStorage', full],
  ['StorageFull', full],
  ['XMinioStorageFull', full],
  ['XMinioAdminBucketQuotaExceeded', full],
  // Credentials and rights.
  ['AccessDenied', denied],
  ['AccessDeniedException', denied],
  ['AllAccessDisabled', account],
  ['AccountProblem', account],
  ['NotSignedUp', account],
  ['UserSuspended', account],
  ['InvalidPayer', account],
  ['InvalidAccessKeyId', wrongKey],
  ['SignatureDoesNotMatch', wrongKey],
  ['InvalidSecurity', wrongKey],
  ['UnrecognizedClientException', wrongKey],
  ['InvalidClientTokenId', wrongKey],
  ['ExpiredToken', expired],
  ['ExpiredTokenException', expired],
  ['InvalidToken', expired],
  ['TokenRefreshRequired', expired],
  ['RequestTimeTooSkewed', skewed],
  ['RequestExpired', skewed],
  ['RequestInTheFuture', skewed],
  [
    'CredentialsProviderError',
    lasting(
      'object-store-refused',
      'give the agent credentials by its environment, web identity or pod identity, or set anonymous to true to read a public bucket',
    ),
  ],
  ['ObjectLocked', locked],
  ['InvalidRetentionPeriod', locked],
  // The region.
  ['PermanentRedirect', otherRegion],
  ['Redirect', otherRegion],
  ['TemporaryRedirect', otherRegion],
  ['AuthorizationHeaderMalformed', otherRegion],
  ['IllegalLocationConstraintException', otherRegion],
  // Calls that the store does not offer.
  ['NotImplemented', unknownCall],
  ['MethodNotAllowed', unknownCall],
  // Faults that pass.
  ['SlowDown', busy],
  ['SlowDownRead', busy],
  ['SlowDownWrite', busy],
  ['Throttling', busy],
  ['ThrottlingException', busy],
  ['ThrottledException', busy],
  ['TooManyRequests', busy],
  ['TooManyRequestsException', busy],
  ['RequestLimitExceeded', busy],
  ['BandwidthLimitExceeded', busy],
  ['XMinioServerNotInitialized', down],
  ['InternalError', down],
  ['ServiceUnavailable', down],
  ['RequestTimeout', down],
  ['RequestTimeoutException', down],
  ['TimeoutError', down],
  ['IncompleteBody', down],
  ['BadDigest', damaged],
  ['XAmzContentSHA256Mismatch', damaged],
]);

/** Codes that are a family of names: the first that fits counts. */
const families: readonly (readonly [pattern: RegExp, verdict: StoreVerdict])[] = [
  [/^KMS[.A-Z].*(?:Throttl|Internal|Unavailable|Timeout|LimitExceeded)/, keyBusy],
  [/^KMS[.A-Z]/, key],
  [/quota.?exceeded|storage.?full|insufficient.?storage|storage.?cap.?exceeded/i, full],
  [/^NoSuch(?:Bucket|Tenant|Container)/, bucketMissing],
];

/** Of codes that are not known. */
const byStatus: ReadonlyMap<number, StoreVerdict> = new Map([
  [301, otherRegion],
  [307, otherRegion],
  [401, denied],
  [402, denied],
  [403, denied],
  [405, unknownCall],
  [408, down],
  [409, changed],
  [412, changed],
  [413, tooLarge],
  [416, changed],
  [429, busy],
  [501, unknownCall],
  [507, full],
]);

/** Without a status the error came without an answer. */
const ofStatus = (status: number | undefined): StoreVerdict => {
  if (status === undefined) return down;
  return byStatus.get(status) ?? (status >= 500 ? down : unknown);
};

/** The verdict on an error: by its code, and by its status only where nothing is known of the code. */
export const storeVerdict = (name: string, status: number | undefined): StoreVerdict =>
  s3ErrorCodes.get(name) ?? families.find(([pattern]) => pattern.test(name))?.[1] ?? ofStatus(status);
