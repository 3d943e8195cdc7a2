import type { LookupFunction } from 'node:net';
import { createSecureContext } from 'node:tls';
import { agentServerName } from '@nodetask/shared';
import { Agent } from 'undici';
import type { TLSMaterial } from '../pki/own-certificates.ts';
import {
  agentAt,
  type AgentConnections,
  agentOptions,
  type AgentRoute,
  type ReachablePod,
} from './agent-connections.ts';
import { AgentError } from './agent-error.ts';
import { certificateFault } from './certificate-fault.ts';
import { connectInStages } from './connect-in-stages.ts';
import { HeldAddresses } from './held-addresses.ts';

/**
 * By https, to the agent of this very pod: the origin is the name that only its certificate has, and the pod's address is looked up for that name. So
 * connections belong to a pod, and not to an address that may pass to another.
 */
export class TLSConnections implements AgentConnections {
  readonly #material: () => TLSMaterial | undefined;
  readonly #addresses = new HeldAddresses();
  #current: { readonly material: TLSMaterial; readonly agent: Agent } | undefined;
  /** Those made with former certificates, while their last calls run. */
  readonly #draining = new Map<Agent, Promise<void>>();

  /** @param material what the operator shows, and whom it believes, as of now. */
  constructor(material: () => TLSMaterial | undefined) {
    this.#material = material;
  }

  route(pod: ReachablePod): AgentRoute {
    const dispatcher = this.#agent();
    const name = agentServerName(pod.metadata.uid);
    const held = this.#addresses.hold(name, pod.address.host);
    return {
      origin: `https://${name}:${pod.address.port}`,
      dispatcher,
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  }

  explain(pod: ReachablePod, error: unknown): string | undefined {
    return certificateFault(agentAt(pod), error);
  }

  async close(): Promise<void> {
    const agents = [...this.#draining.keys(), ...(this.#current === undefined ? [] : [this.#current.agent])];
    this.#current = undefined;
    await Promise.all(agents.map(async (agent) => agent.destroy()));
    await Promise.all(this.#draining.values());
  }

  /** With new certificates comes a new one; calls on the former end, and its connections with them. */
  #agent(): Agent {
    const material = this.#material();
    if (material === undefined) {
      throw new AgentError('silent', 'the operator has no certificate yet, which no agent talks to', {
        why: 'untrusted',
      });
    }
    if (this.#current?.material === material) return this.#current.agent;
    if (this.#current !== undefined) this.#drain(this.#current.agent);
    const agent = new Agent({
      ...agentOptions,
      connect: connectInStages(this.#lookup, createSecureContext({ ...material, minVersion: 'TLSv1.3' })),
    });
    this.#current = { material, agent };
    return agent;
  }

  #drain(agent: Agent): void {
    const forget = (): void => {
      this.#draining.delete(agent);
    };
    // It rejects only where close() has destroyed it meanwhile.
    this.#draining.set(agent, agent.close().then(forget, forget));
  }

  /** The address that the call is for; nothing is asked of DNS. */
  readonly #lookup: LookupFunction = (name, options, callback) => {
    const address = this.#addresses.find(name);
    if (address === undefined) {
      callback(Object.assign(new Error(`no call to ${name} is under way`), { code: 'ENOTFOUND' }), []);
    } else if (options.all === true) callback(null, [address]);
    else callback(null, address.address, address.family);
  };
}
