import { apiErrorSchema } from '@nodetask/shared';
import { boundedText } from '../bounded-text.ts';
import { AgentError, type AgentErrorKind } from './agent-error.ts';

/** What of an answer counts. */
export interface AgentResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An answer that is not 2xx, as an error. Nothing of it is trusted: shape, length and characters are checked. */
export const refusalOf = (what: string, response: AgentResponse): AgentError => {
  const parsed = apiErrorSchema.safeParse(parseJSON(response.body));
  const retryAfterMs = retryAfter(response.headers['retry-after']);
  const hint = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (!parsed.success) {
    return new AgentError(
      'silent',
      `${what}: HTTP ${response.status} without an error of the agent API; is it an agent?`,
      hint,
    );
  }
  const { code, error, retriable, details } = parsed.data;
  const message = boundedText(error);
  return new AgentError(kindOf(response.status, code, retriable), message, {
    code: boundedText(code, 64),
    ...hint,
    ...(details?.blockedBy === undefined ? {} : { blockedBy: details.blockedBy }),
  });
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
