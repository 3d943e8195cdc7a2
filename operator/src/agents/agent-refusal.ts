import { apiErrorSchema, failureParts, failureText, failureTextOf, isErrorCode } from '@nodetask/shared';
import { boundedText } from '../bounded-text.ts';
import { AgentError, type AgentErrorKind } from './agent-error.ts';

/** What of an answer counts. */
export interface AgentResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Of a text that a remedy and the end of a wait follow on status. */
const maxSilenceCharacters = 512;

/**
 * An answer that is not 2xx, as an error. Nothing of it is trusted: shape, length and characters are checked.
 * @param agent which one, and where.
 * @param what the request.
 */
export const refusalOf = (agent: string, what: string, response: AgentResponse): AgentError => {
  const parsed = apiErrorSchema.safeParse(parseJSON(response.body));
  const retryAfterMs = retryAfter(response.headers['retry-after']);
  const hint = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (!parsed.success) {
    return new AgentError(
      'silent',
      `what answers in place of ${agent} is no agent: HTTP ${response.status} without an error of the agent API (${what})`,
      hint,
    );
  }
  const { code, error, retriable, details } = parsed.data;
  const kind = kindOf(response.status, code, retriable);
  const said = { code: boundedText(code, 64), ...hint };
  if (kind === 'silent') return silenceOf(agent, error, said);
  return new AgentError(kind, boundedText(error), {
    ...said,
    ...(details?.blockedBy === undefined ? {} : { blockedBy: details.blockedBy }),
    ...(details?.fence === undefined ? {} : { fence: details.fence }),
  });
};

const silenceOf = (agent: string, error: string, said: { readonly code: string }): AgentError => {
  const { code } = said;
  const text = boundedText(error, maxSilenceCharacters);
  if (code === 'wrong-pod')
    return new AgentError('silent', `${agent} is not there: another pod answers at its address: ${text}`, said);
  if (code === 'unauthorized') {
    return new AgentError('silent', `${agent} does not let the operator in: ${text}`, { ...said, why: 'untrusted' });
  }
  const parts = failureParts(text);
  const why = isErrorCode(code) ? failureTextOf(code, parts) : failureText(parts);
  const message = `${agent} cannot work now (${code}): ${why}`;
  return new AgentError('silent', message, { ...said, why: 'unable' });
};

const kindOf = (status: number, code: string, retriable: boolean): AgentErrorKind => {
  switch (code) {
    case 'busy':
      return 'busy';
    case 'gone':
      return 'gone';
    case 'fenced':
      return 'fenced';
    case 'not-found':
      return 'missing';
    // The token may be on its way to one of the two: nothing is said about the task.
    case 'unauthorized':
      return 'silent';
    default:
      return !retriable && status >= 400 && status < 500 ? 'refused' : 'silent';
  }
};

/** Seconds of a Retry-After header as milliseconds; dates, which agents do not send, do not count. */
export const retryAfter = (header: string | string[] | undefined): number | undefined =>
  typeof header === 'string' && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;

/** The value, or undefined for what is not JSON. */
export const parseJSON = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
