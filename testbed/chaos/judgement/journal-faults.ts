// Holds what the journals and the nodes' files say against what was to happen. The agents must have ended.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'smol-toml';
import type { AgentProcess } from '../../src/agent-process.ts';
import { chaosTable } from '../workload/chaos-task.ts';
import { attemptID } from './attempt-id.ts';
import { crashedTwice, type Kills, mostKills } from './crashed-twice.ts';
import { readAudit } from './journal-audit.ts';
import type { Snapshot } from './snapshot.ts';
import type { Applied } from './status-faults.ts';

export interface JournalFindings {
  /** Journalled ends, of all agents. */
  readonly ends: number;
  /** Runs that a restart took up again, from the agents' logs. */
  readonly reruns: number;
  /** Effects that were in the file although their commit was lost, so that a rerun found nothing to change. */
  readonly effectsRepeated: number;
  readonly faults: readonly string[];
}

/** @param rest what status said at the end, and what the agents were killed in. */
export const judgeJournals = async (
  agents: readonly AgentProcess[],
  applied: readonly Applied[],
  rest: Snapshot & { readonly kills: Kills },
): Promise<JournalFindings> => {
  const crashed = crashedTwice(applied, rest, rest.kills);
  const findings = await Promise.all(agents.map(async (agent) => judgeJournal(agent, applied, { ...rest, crashed })));
  const sum = (of: (one: JournalFindings) => number): number => findings.reduce((total, one) => total + of(one), 0);
  return {
    ends: sum(({ ends }) => ends),
    reruns: sum(({ reruns }) => reruns),
    effectsRepeated: sum(({ effectsRepeated }) => effectsRepeated),
    faults: findings.flatMap(({ faults }) => faults),
  };
};

/** More than any task has. */
const mostAttempts = 5;

const judgeJournal = async (
  agent: AgentProcess,
  applied: readonly Applied[],
  { nodeTasks, kills, crashed }: Snapshot & { readonly kills: Kills; readonly crashed: ReadonlySet<string> },
): Promise<JournalFindings> => {
  const pod = agent.pod.name;
  const faults: string[] = [];
  const journalled = readAudit(agent.home);
  const endsOf = Map.groupBy(journalled, ({ task }) => task);
  const rerun = await rerunTasks(agent.logFile);
  const left = chaosKeys(await readFile(join(agent.home, 'config', 'config.toml'), 'utf8'));
  let effectsRepeated = 0;

  for (const [id, ends] of endsOf) {
    const runs = new Set(ends.map(({ run }) => run));
    if (runs.size !== ends.length) faults.push(`task ${id} on ${pod} ended more than once: ${JSON.stringify(ends)}`);
    const seen = kills.get(id) ?? 0;
    if (seen < mostKills && ends.some(({ errorCode }) => errorCode === 'agent-crashed'))
      faults.push(`task ${id} on ${pod} ended as agent-crashed, but ran in ${seen} kills only`);
  }
  const known = new Set<string>();
  for (const { task, uid } of applied.filter((one) => one.task.pods.includes(pod))) {
    const where = `${task.name} (${task.kind}) on ${pod}`;
    const ids = Array.from({ length: mostAttempts }, (_, index) => attemptID(uid, pod, index + 1));
    for (const id of ids) known.add(id);
    const ended = ids.filter((id) => endsOf.has(id)).length;
    if (crashed.has(task.name)) continue;
    const { attempts, expect } = task;
    // A schedule's runs are its own affair: each once, checked above.
    if (expect !== 'Scheduled' && ('exactly' in attempts ? ended !== attempts.exactly : ended > attempts.atMost))
      faults.push(`${where}: ${ended} attempts were journalled as ended instead of ${JSON.stringify(attempts)}`);
    const { leaves } = task;
    if (leaves !== undefined && left[leaves.key] !== leaves.value) {
      const found = String(left[leaves.key]);
      faults.push(`${where}: config.toml has ${chaosTable}.${leaves.key} = ${found} instead of ${leaves.value}`);
    }
    // Each key is written by one task only: a run that found it there comes after one whose commit was lost.
    const row = nodeTasks.get(task.name)?.status?.targets?.find((target) => target.pod === pod);
    if (leaves !== undefined && row?.result?.outcome === 'unchanged') {
      effectsRepeated += 1;
      if (!rerun.has(row.result.id))
        faults.push(`${where}: its effect was there before it ran, but no restart took it up again`);
    }
  }
  for (const id of endsOf.keys()) if (!known.has(id)) faults.push(`task ${id} on ${pod} belongs to no NodeTask`);
  return { ends: journalled.length, reruns: rerun.size, effectsRepeated, faults };
};

const chaosKeys = (text: string): Readonly<Record<string, unknown>> => {
  const table = parse(text)[chaosTable];
  return typeof table === 'object' && !Array.isArray(table) ? (table as Record<string, unknown>) : {};
};

/** Ids of the tasks that an agent took up again after a kill, from its log. */
const rerunTasks = async (logFile: string): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    if (!line.includes('"message":"running an interrupted task again"')) continue;
    const id = /"task":"([0-9a-f-]+)"/.exec(line)?.[1];
    if (id !== undefined) ids.add(id);
  }
  return ids;
};
