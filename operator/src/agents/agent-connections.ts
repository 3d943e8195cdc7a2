import { Agent, type Dispatcher } from 'undici';
import type { AgentPod } from './agent-pod.ts';

const connectionsPerAgent = 4;

export const agentOptions: Agent.Options = {
  allowH2: false,
  connections: connectionsPerAgent,
  keepAliveTimeout: 30_000,
  // AgentHTTP has a bound of its own.
  maxResponseSize: -1,
};

export const connectTimeoutMs = 5_000;
/** After the connection; both fit into the budget of a call, so that it is known in which of them the time went by. */
export const handshakeTimeoutMs = 4_000;

/** A way to one agent, for one call. */
export interface AgentRoute extends Disposable {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly dispatcher: Dispatcher;
}

/** A pod with an address. */
export type ReachablePod = AgentPod & Required<Pick<AgentPod, 'address'>>;

/** "10.1.2.3:7777". */
const placeOf = ({ address: { host, port } }: ReachablePod): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** "the agent of pod sei-0 at 10.1.2.3:7777". */
export const agentAt = (pod: ReachablePod): string => `the agent of pod ${pod.metadata.name} at ${placeOf(pod)}`;

/** How agents are reached: by http, or by https. */
export interface AgentConnections {
  /** To be disposed when the call has ended. Throws AgentError `silent` where there is none now. */
  route(pod: ReachablePod): AgentRoute;
  /** What was wrong with TLS, for people; undefined for an error of another kind. */
  explain(pod: ReachablePod, error: unknown): string | undefined;
  /** Closes every connection; running calls fail. */
  close(): Promise<void>;
}

/** By http, to whoever has the pod's address. */
export class PlainConnections implements AgentConnections {
  readonly #dispatcher = new Agent({ ...agentOptions, connect: { timeout: connectTimeoutMs } });

  route(pod: ReachablePod): AgentRoute {
    return { origin: `http://${placeOf(pod)}`, dispatcher: this.#dispatcher, [Symbol.dispose]: () => undefined };
  }

  explain(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}
