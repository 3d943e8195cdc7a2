import { readBounded } from '@nodetask/runtime/foreign-bytes';
import { type Clock, headers as apiHeaders, isErrorCode } from '@nodetask/shared';
import { request as send } from 'undici';
import { boundedText } from '../bounded-text.ts';
import { withDeadline } from '../kube/deadline.ts';
import { agentAt, type AgentConnections, PlainConnections, type ReachablePod } from './agent-connections.ts';
import { AgentError } from './agent-error.ts';
import type { AgentPod } from './agent-pod.ts';
import { type AgentResponse, refusalOf } from './agent-refusal.ts';
import type { Fence } from '../kube/held-lease.ts';
import type { AgentToken } from './agent-token.ts';
import { codeOf, connectionFault, noAnswer } from './connection-fault.ts';

export interface AgentHTTPOptions {
  /** Default: by http. */
  readonly connections?: AgentConnections;
  readonly token: AgentToken;
  /** leaseTransitions of this operator's Lease: an agent that has seen a higher one refuses. */
  readonly fence: Pick<Fence, 'value'>;
  readonly clock: Clock;
  /** Budget of one call. Default 10 s. */
  readonly timeoutMs?: number;
  /** `outcome`: the HTTP status, a code of the error registry, or a kind of AgentError; nothing that an agent can make up. */
  readonly onCall?: (method: string, outcome: string, seconds: number) => void;
}

export interface AgentRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** The traceparent of the span that the call is. */
  readonly trace?: string | undefined;
}

/** An agent sends no answers with a status below 200. */
const maxInterimAnswers = 4;

/** An answer holds one task with its params (32 KiB) and its output (16 KiB) at most. With 256 calls at a time, agents can fill 32 MiB. */
const maxAnswerBytes = 128 * 1024;
const defaultTimeoutMs = 10_000;

/** Failures of a connection that was kept and that the other side has closed meanwhile: the same call on a new one may work. */
const staleConnection: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** HTTP to agents: token, fence, deadline, limits. It connects to addresses of pods only and follows no redirect. */
export class AgentHTTP implements AsyncDisposable {
  readonly #options: AgentHTTPOptions;
  readonly #connections: AgentConnections;

  constructor(options: AgentHTTPOptions) {
    this.#options = options;
    this.#connections = options.connections ?? new PlainConnections();
  }

  /**
   * One call, which must be one that may be repeated.
   * @throws AgentError for every answer that is not 2xx and for none at all; the reason of `signal` once that has aborted.
   */
  async call(pod: AgentPod, request: AgentRequest, signal: AbortSignal): Promise<AgentResponse> {
    const { clock, timeoutMs = defaultTimeoutMs, onCall } = this.#options;
    const start = clock.monotonic();
    let outcome = 'error';
    try {
      const response = await withDeadline(
        { clock, timeoutMs, signal, timeoutError: () => new AgentError('silent', noAnswer(nameOf(pod), timeoutMs)) },
        async (deadline) => this.#exchange(pod, request, deadline),
      );
      outcome = String(response.status);
      return response;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof AgentError) {
        // What an agent says is no label of a metric, unless it is one of the codes that there are.
        outcome = isErrorCode(error.code) ? error.code : error.kind;
        throw error;
      }
      throw this.#failureOf(pod, error);
    } finally {
      onCall?.(request.method, outcome, (clock.monotonic() - start) / 1000);
    }
  }

  /** Closes every connection; running calls fail. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #exchange(pod: AgentPod, request: AgentRequest, signal: AbortSignal): Promise<AgentResponse> {
    let response = await this.#sendOrRepeat(pod, request, false, signal);
    if (response.status === 401) response = await this.#sendOrRepeat(pod, request, true, signal);
    this.#checkPod(pod, response);
    if (response.status < 200 || response.status > 299) {
      throw refusalOf(nameOf(pod), `${request.method} ${request.path}`, response);
    }
    return response;
  }

  async #sendOrRepeat(
    pod: AgentPod,
    request: AgentRequest,
    freshToken: boolean,
    signal: AbortSignal,
  ): Promise<AgentResponse> {
    try {
      return await this.#send(pod, request, freshToken, signal);
    } catch (error) {
      if (signal.aborted || !staleConnection.has(codeOf(error))) throw error;
      return this.#send(pod, request, freshToken, signal);
    }
  }

  async #send(pod: AgentPod, request: AgentRequest, freshToken: boolean, signal: AbortSignal): Promise<AgentResponse> {
    if (!isReachable(pod)) {
      const why = pod.unavailable ?? 'the pod has no address';
      throw new AgentError('silent', `${nameOf(pod)} cannot be called: ${why}`);
    }
    const token = await this.#token(freshToken);
    using route = this.#connections.route(pod);
    const flood = new AbortController();
    let interim = 0;
    const { statusCode, headers, body } = await send(`${route.origin}${request.path}`, {
      dispatcher: route.dispatcher,
      method: request.method,
      signal: AbortSignal.any([signal, flood.signal]),
      onInfo: ({ statusCode: status }) => {
        interim += 1;
        if (interim > maxInterimAnswers) {
          flood.abort(
            new AgentError(
              'silent',
              `${agentAt(pod)} gave more than ${maxInterimAnswers} answers with the status ${status}`,
            ),
          );
        }
      },
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(request.method === 'GET'
          ? {}
          : { [apiHeaders.fence]: String(this.#options.fence.value), [apiHeaders.podUID]: pod.metadata.uid }),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(request.trace === undefined ? {} : { [apiHeaders.trace]: request.trace }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return { status: statusCode, headers, body: (await readBounded(body, maxAnswerBytes)).toString('utf8') };
  }

  /**
   * An address may have passed to another pod since the cache heard of it: what that one says is not this one's word. (What changes
   * something names its pod, and another refuses it.)
   */
  #checkPod(pod: AgentPod, { headers }: AgentResponse): void {
    const uid = headers[apiHeaders.podUID.toLowerCase()];
    if (typeof uid !== 'string' || uid === '' || uid === pod.metadata.uid) return;
    throw new AgentError(
      'silent',
      `${nameOf(pod)} is not there: another pod answers at its address (UID ${boundedText(uid, 64)})`,
    );
  }

  async #token(fresh: boolean): Promise<string | undefined> {
    try {
      return await this.#options.token.read(fresh);
    } catch (cause) {
      const why = boundedText(cause instanceof Error ? cause.message : String(cause), 512);
      throw new AgentError('silent', `the operator has no token for its agents: ${why}`, { why: 'untrusted', cause });
    }
  }

  #failureOf(pod: AgentPod, cause: unknown): AgentError {
    const distrust = isReachable(pod) ? this.#connections.explain(pod, cause) : undefined;
    return distrust === undefined
      ? new AgentError('silent', connectionFault(nameOf(pod), cause), { cause })
      : new AgentError('silent', distrust, { why: 'untrusted', cause });
  }
}

const isReachable = (pod: AgentPod): pod is ReachablePod => pod.address !== undefined;

/** Which agent, and where it is, as far as it is anywhere. */
const nameOf = (pod: AgentPod): string => (isReachable(pod) ? agentAt(pod) : `the agent of pod ${pod.metadata.name}`);
