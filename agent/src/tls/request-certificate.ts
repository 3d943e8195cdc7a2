import { enrollPath, type EnrollResponse, enrollResponseSchema } from '@nodetask/shared';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';

export interface CertificateRequest {
  /** Of the operator's service. */
  readonly url: URL;
  /** PEM; the server must have a certificate of one of these. */
  readonly trusted: readonly string[];
  readonly token: string;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
  readonly userAgent: string;
  /** Bounds all of it. */
  readonly signal: AbortSignal;
}

/** The operator did not issue a certificate. The message says what it answered instead, if it did. */
export class EnrollError extends Error {
  override readonly name = 'EnrollError';
  /** How long it wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A chain of certificates as JSON. */
const maxAnswerBytes = 64 * 1024;
const maxQuoted = 300;

/**
 * Asks the operator for a certificate. A redirect is an answer like any other that is none: it would carry the token to somebody else.
 * @throws EnrollError, errors of the connection, the reason of `signal`
 */
export const requestCertificate = async (options: CertificateRequest): Promise<EnrollResponse> => {
  const response = await send(options);
  const status = response.statusCode ?? 0;
  const text = await readText(response);
  if (status !== 200 && status !== 201) {
    throw new EnrollError(`the operator answered ${String(status)}: ${text.slice(0, maxQuoted)}`, {
      retryAfterMs: retryAfter(response.headers['retry-after']),
    });
  }
  const parsed = enrollResponseSchema.safeParse(parseJSON(text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new EnrollError(`the operator's answer holds no certificate: ${faults.join('; ').slice(0, maxQuoted)}`);
};

const send = ({ url, trusted, token, publicKey, userAgent, signal }: CertificateRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ publicKey });
    const request = httpsRequest(
      new URL(enrollPath, url),
      {
        method: 'POST',
        // One connection for each request: there is one in hours.
        agent: false,
        ca: [...trusted],
        minVersion: 'TLSv1.2',
        signal,
        headers: {
          Accept: 'application/json',
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          'User-Agent': userAgent,
        },
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });

const readText = async (response: IncomingMessage): Promise<string> => {
  try {
    return (await readBounded(response, maxAnswerBytes)).toString();
  } catch (error) {
    if (!(error instanceof TooManyBytesError)) throw error;
    throw new EnrollError(`the operator answered with more than ${String(maxAnswerBytes)} bytes`, { cause: error });
  }
};

const parseJSON = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Seconds; a date is not among what the operator writes. */
const retryAfter = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
