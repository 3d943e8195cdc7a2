import { boundedText } from '../bounded-text.ts';
import { connectTimeoutMs, handshakeTimeoutMs } from './agent-connections.ts';

/** A connection was made, and TLS was not agreed upon in time. */
export class HandshakeTimeoutError extends Error {
  override readonly name = 'HandshakeTimeoutError';
  readonly code = 'NODETASK_HANDSHAKE_TIMEOUT';
}

/**
 * What came of a call that got no answer: where, at which stage, and what may be the cause.
 * @param agent which one, and where.
 */
export const connectionFault = (agent: string, error: unknown): string => {
  const code = codeOf(error);
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `no connection to ${agent} within ${connectTimeoutMs / 1000} s: a NetworkPolicy or firewall may keep the operator from it, or the agent or its node hangs`;
    case 'NODETASK_HANDSHAKE_TIMEOUT':
      return `${agent} took the connection, and not its TLS handshake within ${handshakeTimeoutMs / 1000} s: it hangs, see its log`;
    case 'ECONNREFUSED':
      return `${agent} refuses the connection (${code}): nothing listens there; check that its container runs, and that this is its port`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return `no route to ${agent} (${code}): its node is away, or the pod network does not reach it`;
    case 'ECONNRESET':
    case 'EPIPE':
      return closed(agent, code);
    case 'UND_ERR_SOCKET':
      // Of undici: for what the other side sends as well, if that is no HTTP.
      if (describe(error) === 'other side closed') return closed(agent, 'other side closed');
      return failed(agent, error);
    default:
      return failed(agent, error);
  }
};

const closed = (agent: string, how: string): string =>
  `${agent} closed the connection before it had answered (${how}): it was stopped, or it cut the connection off, which its log and nodetask_agent_connections_cut_total tell`;

const failed = (agent: string, error: unknown): string =>
  `the call to ${agent} failed: ${boundedText(describe(error), 512)}`;

/** No answer came, although the call could be sent. */
export const noAnswer = (agent: string, timeoutMs: number): string =>
  `${agent} took the call and did not answer within ${timeoutMs / 1000} s: it hangs or has too much to do, see its log`;

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? codeOf(error) : error.message;
};
