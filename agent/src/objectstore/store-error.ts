import { TaskError } from '@nodetask/shared';
import { certificateAdvice, certificateFaultOf } from '../node/http/certificate-fault.ts';
import { damaged, type StoreVerdict, storeVerdict } from './s3-error-codes.ts';

/** Where an error came up, for its text. */
export interface StoreOperation {
  /** As a verb with its object: `read`, `list`. */
  readonly verb: string;
  /** As `describeObject` names it. */
  readonly where: string;
  /** The request was not signed. */
  readonly isAnonymous?: boolean;
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
export const storeError = ({ verb, where, isAnonymous = false }: StoreOperation, error: unknown): TaskError => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TaskError) return cause;
  }
  const facts = factsOf(error);
  const { code, remedy, retriable } = judge(facts, isAnonymous);
  const said = facts.status === undefined ? facts.message : `${facts.name} (HTTP ${facts.status}): ${facts.message}`;
  return new TaskError(code, `cannot ${verb} ${where}: ${said}`, {
    remedy,
    cause: error,
    ...(retriable === undefined ? {} : { retriable }),
  });
};

/** True where the store says that the object is not there. */
export const isMissingObject = (error: unknown): boolean => {
  const { name, status } = factsOf(error);
  const { code } = storeVerdict(name, status);
  return code === 'object-missing' || (status === 404 && code !== 'bucket-missing');
};

/** True where the same call may succeed a moment later, or where no store has answered. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof TaskError) return true;
  const { name, status } = factsOf(error);
  return status === undefined || storeVerdict(name, status).code === 'object-store-unreachable';
};

const judge = (
  { name, status, message, certificateFault }: Facts,
  isAnonymous: boolean,
): Pick<StoreVerdict, 'code' | 'remedy'> & Partial<StoreVerdict> => {
  if (certificateFault !== undefined) {
    return { code: 'object-store-invalid', remedy: certificateAdvice(certificateFault) };
  }
  if (/region is missing/i.test(message)) {
    return { code: 'object-store-invalid', remedy: 'give region, or set AWS_REGION for the agent' };
  }
  // The SDK says so of an answer, and without a code.
  const verdict = message.startsWith('Checksum mismatch') ? damaged : storeVerdict(name, status);
  if (verdict.code !== 'object-store-refused' || status !== 403) return verdict;
  if (/\bkms:[A-Za-z]/.test(message)) {
    return { ...verdict, remedy: "allow the role of the agent this action on the bucket's KMS key" };
  }
  return isAnonymous ? { ...verdict, remedy: notPublic } : verdict;
};

const notPublic =
  'it is not there, or not for everybody to read: check bucket and key, or leave anonymous out and give the agent credentials';

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
