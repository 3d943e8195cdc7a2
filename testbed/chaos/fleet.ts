// The agents of a chaos run: real processes, each before a fault proxy, with a node's configuration and the audit in their journals.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentProcess, AgentSettings } from '../src/agent-process.ts';
import type { Cluster } from '../src/cluster.ts';
import { installAudit } from './judgement/journal-audit.ts';

export interface Fleet {
  readonly agents: readonly AgentProcess[];
  readonly groups: readonly { readonly label: Readonly<Record<string, string>>; readonly pods: readonly string[] }[];
}

export interface FleetOptions {
  readonly count: number;
  /** Pods of a group. */
  readonly groupSize: number;
  /** The config.toml that their nodes have. */
  readonly configFile: string;
  /** config-validate takes a node without one for a node that does not start. */
  readonly genesisFile: string;
  readonly settings: (pod: string) => AgentSettings;
}

const atOnce = 4;

export const startFleet = async (cluster: Cluster, options: FleetOptions): Promise<Fleet> => {
  const config = await readFile(options.configFile, 'utf8');
  const genesis = await readFile(options.genesisFile, 'utf8');
  const groupOf = (number: number): Readonly<Record<string, string>> => ({
    group: `group-${Math.floor(number / options.groupSize)}`,
  });
  const start = async (number: number): Promise<AgentProcess> => {
    const name = `node-${number}`;
    const agent = await cluster.createAgentPod(name, { labels: groupOf(number), ...options.settings(name) });
    // The journal is there now; it can be changed only while nobody holds it.
    await agent.kill();
    await writeFile(join(agent.home, 'config', 'config.toml'), config);
    await writeFile(join(agent.home, 'config', 'genesis.json'), genesis);
    installAudit(agent.home);
    await agent.start();
    return agent;
  };
  const agents: AgentProcess[] = [];
  while (agents.length < options.count) {
    const next = Array.from({ length: Math.min(atOnce, options.count - agents.length) }, (_, n) => agents.length + n);
    agents.push(...(await Promise.all(next.map(start))));
  }
  const byGroup = Map.groupBy(agents.keys(), (number) => JSON.stringify(groupOf(number)));
  const groups = [...byGroup.values()].map((numbers) => ({
    label: groupOf(numbers[0] ?? 0),
    pods: numbers.map((number) => `node-${number}`),
  }));
  return { agents, groups };
};
