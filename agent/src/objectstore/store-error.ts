import { type ErrorCode, TaskError } from '@nodetask/shared';

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

const judge = ({ name, status, message }: Facts): readonly [ErrorCode, string] => {
  switch (name) {
    case 'NoSuchBucket':
      return ['bucket-missing', 'check bucket, region and endpoint, or create the bucket'];
    case 'NoSuchKey':
    case 'NotFound':
      return ['object-missing', 'check the key, and what has been uploaded'];
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
  if (status === 401 || status === 403) {
    return ['object-store-refused', "allow it in the bucket's policy or the role of the agent"];
  }
  if (status === undefined || status === 408 || status === 429 || status >= 500 || isTransport(name)) {
    return ['object-store-unreachable', 'check endpoint and network, and run it again'];
  }
  return ['object-store-invalid', 'check endpoint and region, and that an S3 server listens there'];
};

/** Errors of the connection carry a status of what had been answered before it broke. */
const isTransport = (name: string): boolean => name === 'TimeoutError' || name === 'SlowDown';

/** The most characters of a store's own words in a message. */
const maxSaid = 300;
/** The most characters that are searched for keys: masking makes the text shorter. */
const maxLookedAt = 4 * maxSaid;
const maxName = 80;

const factsOf = (error: unknown): Facts => {
  if (!(error instanceof Error)) return { name: 'Error', status: undefined, message: String(error).slice(0, maxSaid) };
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  return {
    name: error.name.slice(0, maxName),
    status: typeof status === 'number' ? status : undefined,
    message: withoutKeys(innermost(error).slice(0, maxLookedAt)).slice(0, maxSaid) || error.name,
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
