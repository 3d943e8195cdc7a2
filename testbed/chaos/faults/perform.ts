// Does one fault of the plan to the cluster.
import { join } from 'node:path';
import type { AgentProcess } from '../../src/agent-process.ts';
import type { Cluster } from '../../src/cluster.ts';
import type { FaultProxy } from '../../src/fault-proxy.ts';
import type { Kills } from '../judgement/crashed-twice.ts';
import { interruptedTasks } from '../judgement/journal-audit.ts';
import { watchEffects } from './effect-watch.ts';
import type { Fault } from './fault-plan.ts';
import { breakNetwork } from './network-fault.ts';
import { type Program, Victim } from './victim.ts';

/** Disposed, it lets processes end. */
export interface Perpetrator extends Disposable {
  /** Resolves when the fault is over and what it befell serves again. */
  perform(fault: Fault): Promise<void>;
  /** Resolves when everything serves that ended by itself. */
  settled(): Promise<void>;
  /** Ends of processes that no fault caused. */
  readonly falls: readonly string[];
  /** Kills of agents so far, by the tasks that ran there. */
  readonly kills: Kills;
}

/** How long a kill waits for the effect that it is meant for. */
const effectMs = 3_000;

export const perpetrator = (cluster: Cluster, agents: readonly AgentProcess[]): Perpetrator => {
  const falls: string[] = [];
  const kills = new Map<string, number>();
  const victim = (name: string, program: Program): Victim => new Victim(name, program, (what) => falls.push(what));
  const { apiServer } = cluster.controlPlane;
  const operator = victim('operator', cluster.operator);
  const server = victim('API server', {
    process: apiServer,
    start: async () => apiServer.start(),
    kill: async () => apiServer.kill(),
  });
  const agentVictims = agents.map((agent) =>
    victim(agent.pod.name, {
      get process() {
        return agent.process;
      },
      start: async () => agent.start(),
      kill: async () => {
        await agent.kill();
        for (const id of await interruptedTasks(agent.home)) kills.set(id, (kills.get(id) ?? 0) + 1);
      },
    }),
  );
  const victims = [operator, server, ...agentVictims];
  const effects = watchEffects(agents.map(({ home }) => join(home, 'config')));

  const perform = async (fault: Fault): Promise<void> => {
    switch (fault.subject) {
      case 'operator':
        await befall(operator, fault);
        return;
      case 'API server':
        await befall(server, fault);
        return;
      case 'agent':
        if (fault.atEffect) await effects.next(fault.agent, effectMs);
        await befall(at(agentVictims, fault.agent), fault);
        return;
      case 'operator–API server':
        await disconnect(cluster.operatorProxy, fault);
        return;
      case 'agents–API server':
        await disconnect(cluster.agentProxy, fault);
        return;
      case 'operator–agent':
        await disconnect(cluster.podProxy(at(agents, fault.agent).pod.name), fault);
        return;
      default:
        fault.subject satisfies never;
    }
  };
  return {
    perform,
    falls,
    kills,
    settled: async () => {
      await Promise.all(victims.map(async (each) => each.settled()));
    },
    [Symbol.dispose]: () => {
      for (const each of victims) each.release();
      effects[Symbol.dispose]();
    },
  };
};

const befall = async (target: Victim, { kind, forMs }: Fault): Promise<void> => {
  if (kind === 'kill') await target.kill(forMs);
  else if (kind === 'stall') await target.stall(forMs);
  else throw new Error(`a process cannot be hit by ${kind}`);
};

const disconnect = async (proxy: FaultProxy, { kind, forMs }: Fault): Promise<void> => {
  if (kind === 'kill') throw new Error('a network cannot be killed');
  await breakNetwork(proxy, kind, forMs);
};

const at = <T>(items: readonly T[], index: number): T => {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no number ${index}`);
  return item;
};
