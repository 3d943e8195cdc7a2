import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Egress } from '../node/egress.ts';

export interface GuardedAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Connections that pass the egress check when they are opened, whatever the name resolves to by then. */
export const guardedAgents = (egress: Egress, options: AgentOptions): GuardedAgents => ({
  httpAgent: guard(new HttpAgent(options), egress, 80),
  httpsAgent: guard(new HttpsAgent(options), egress, 443),
});

type Connect = HttpAgent['createConnection'];

const guard = <A extends HttpAgent>(agent: A, egress: Egress, defaultPort: number): A => {
  const connect: Connect = agent.createConnection.bind(agent);
  agent.createConnection = (options: ClientRequestArgs, callback) => {
    try {
      const lookup = egress.lookup(options.host ?? '', Number(options.port ?? defaultPort));
      return connect({ ...options, lookup }, callback);
    } catch (error) {
      // Thrown, it would end the process where the agent opens a connection for a request that had waited.
      callback?.(error instanceof Error ? error : new Error(String(error)), undefined as never);
      return undefined;
    }
  };
  return agent;
};
