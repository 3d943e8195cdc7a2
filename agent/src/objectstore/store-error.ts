import { type ErrorCode, TaskError } from '@nodetask/shared';
import { certificateAdvice, certificateFaultOf } from '../node/http/certificate-fault.ts';

/** Where an error came up, for its text. */
export interface StoreOperation {
  /** As a verb with its object: `read`, `list`. */
  readonly verb: string;
  /** As `describeObject` names it. */
  readonly where: string;
}

/** What an error of the SDK says about itself. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
interface Facts {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
  /** Code of what is wrong with the certificate of the store. */
  readonly certificateFault: string | undefined;
}

/** An error of the object store as a TaskError: what, where, what the store said, what to do. Never a credential. */
export const storeError = ({ verb, where }: StoreOperation, error: unknown): TaskError => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TaskError) return cause;
  }
  const facts = factsOf(error);
  const [code, advice] = judge(facts);
  const said = facts.status === undefined ? facts.message : `${facts.name} (HTTP ${facts.status}): ${facts.message}`;
  return new TaskError(code, `cannot ${verb} ${where}: ${said}: ${advice}`, { cause: error });
};

/** True where the store says that the object is not there. */
export const isMissingObject = (error: unknown): boolean => {
  const { name, status } = factsOf(error);
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket');
};

const judge = ({ name, status, message, certificateFault }: Facts): readonly [ErrorCode, string] => {
  if (certificateFault !== undefined) return ['object-store-invalid', certificateAdvice(certificateFault)];
  if (status === 507 || fullNames.test(name)) {
    return ['object-store-full', 'the store is full, or its quota used up: free space there, or raise the quota'];
  }
  if (keyNames.test(name)) {
    return [
      'object-store-refused',
      'the KMS key of the bucket cannot be used: enable it, cancel its deletion, or choose another key for the bucket',
    ];
  }
  switch (name) {
    case 'NoSuchBucket':
      return ['bucket-missing', 'check bucket, region and endpoint, or create the bucket'];
    case 'NoSuchKey':
    case 'NotFound':
      return ['object-missing', 'check the key, and what has been uploaded'];
    case 'InvalidObjectState':
      return [
        'object-archived',
        'restore the object from the archive first, and exempt such objects from the lifecycle rule that moves them there',
      ];
    case 'EntityTooSmall':
      return [
        'object-store-invalid',
        'the store wants larger parts than the agent sends: let it take parts of 5 MiB as S3 does, or use another store',
      ];
    case 'EntityTooLarge':
      return [
        'object-store-invalid',
        'the object is larger than the store takes: raise the limit of the store, or use another one',
      ];
    case 'NotImplemented':
    case 'MethodNotAllowed':
      return ['object-store-invalid', 'the store does not know this call: use another store'];
    case 'AccountProblem':
    case 'AllAccessDisabled':
    case 'NotSignedUp':
    case 'UserSuspended':
      return ['object-store-refused', 'the account is closed, suspended or unpaid: ask whoever runs the store'];
    case 'ConditionalRequestConflict':
    case 'OperationAborted':
    case 'PreconditionFailed':
    case 'InvalidRange':
    case 'NoSuchUpload':
      return ['object-changed', 'somebody replaced or removed it meanwhile'];
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return ['object-store-refused', "the agent's access key or its secret is wrong for this store"];
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return ['object-store-refused', "the agent's session credentials are no longer valid: renew them"];
    case 'RequestTimeTooSkewed':
      return ['object-store-refused', 'the clock of this machine is wrong: set it'];
    case 'CredentialsProviderError':
      return [
        'object-store-refused',
        'give the agent credentials by its environment, web identity or pod identity; never in params',
      ];
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return ['object-store-invalid', 'the bucket is in another region: correct region'];
    default:
      break;
  }
  if (/region is missing/i.test(message))
    return ['object-store-invalid', 'give region, or set AWS_REGION for the agent'];
  if (status === 403 && /\bkms:[A-Za-z]/.test(message)) {
    return ['object-store-refused', "allow the role of the agent this action on the bucket's KMS key"];
  }
  if (status === 401 || status === 403) {
    return ['object-store-refused', "allow it in the bucket's policy or the role of the agent"];
  }
  if (status === 405 || status === 501)
    return ['object-store-invalid', 'the store does not know this call: use another store'];
  if (status === undefined || status === 408 || status === 429 || status >= 500 || isTransport(name)) {
    return ['object-store-unreachable', 'check endpoint, region and network, and run it again'];
  }
  return ['object-store-invalid', 'check endpoint and region, and that an S3 server listens there'];
};

/** Names that S3-compatible stores give to a lack of space: MinIO, Ceph, and those who copy them. */
const fullNames = /quota.?exceeded|storage.?full|insufficient.?storage|storage.?cap.?exceeded/i;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, `KMS.DisabledException` and the like. */
const keyNames = /^KMS\./;

/** Errors of the connection carry a status of what had been answered before it broke; some faults have one that says nothing of them. */
const isTransport = (name: string): boolean => passing.has(name);
const passing: ReadonlySet<string> = new Set([
  'TimeoutError',
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'RequestTimeoutException',
  'ThrottlingException',
]);

/** The most characters of a store's own words in a message. */
const maxSaid = 300;
/** The most characters that are searched for keys: masking makes the text shorter. */
const maxLookedAt = 4 * maxSaid;
const maxName = 80;

const factsOf = (error: unknown): Facts => {
  if (!(error instanceof Error)) {
    return { name: 'Error', status: undefined, message: String(error).slice(0, maxSaid), certificateFault: undefined };
  }
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  return {
    name: error.name.slice(0, maxName),
    status: typeof status === 'number' ? status : undefined,
    message: withoutKeys(innermost(error).slice(0, maxLookedAt)).slice(0, maxSaid) || error.name,
    certificateFault: certificateFaultOf(error),
  };
};

/** Node puts what went wrong at each address of a name into an AggregateError without a text of its own. */
const innermost = (error: Error): string =>
  error instanceof AggregateError && error.errors.length > 0
    ? error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner))).join('; ')
    : error.message;

/** A store may quote the access key that it refuses, or what it made of the signature. */
const withoutKeys = (text: string): string =>
  text
    .replace(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '…')
    .replace(/\b(?:Credential|Signature|X-Amz-[A-Za-z-]{1,40})=[^\s,&]+/g, '…');
