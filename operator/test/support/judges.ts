import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { argoCdHealth, type Cluster, type HealthCheckExpressions, kstatus } from '@nodetask/testbed';
import { parse, parseAllDocuments } from 'yaml';
import { readVerdictTable, type VerdictRow } from './verdict-table.ts';
import type { RecordedNodeTask, VersionRecorder } from './version-recorder.ts';

/** How every NodeTask begins. */
const unseen = 'not seen by the operator yet, or changed since';

/** The health check as users install it. */
const healthCheck = async (): Promise<string> => {
  const file = new URL('../../../examples/argocd/argocd-cm.yaml', import.meta.url);
  const { data } = parse(await readFile(file, 'utf8')) as { readonly data: Readonly<Record<string, string>> };
  return data['resource.customizations.health.nodetask.dev_NodeTask'] ?? '';
};

/** Those of the Kustomization that users copy. */
const healthCheckExprs = async (): Promise<HealthCheckExpressions> => {
  const file = new URL('../../../examples/flux/nodetask.yaml', import.meta.url);
  const expressions = parseAllDocuments(await readFile(file, 'utf8'))
    .map(
      (document) =>
        document.toJS() as {
          readonly spec: { readonly healthCheckExprs?: readonly (HealthCheckExpressions & { kind: string })[] };
        },
    )
    .flatMap(({ spec }) => spec.healthCheckExprs ?? [])
    .find(({ kind }) => kind === 'NodeTask');
  if (expressions === undefined) throw new Error('examples/flux/nodetask.yaml has no expressions for NodeTask');
  const { current, failed = '', inProgress = '' } = expressions;
  return { current, failed, inProgress };
};

/** Holds what the tools say of NodeTasks against the table of docs/gitops.md. */
export class Judges {
  readonly #cluster: Cluster;
  readonly #recorder: VersionRecorder;
  readonly #healthCheck: string;
  readonly #expressions: HealthCheckExpressions;
  readonly #table = readVerdictTable();
  /** States that a NodeTask has been through, by name. */
  readonly #passed = new Map<string, string[]>();
  readonly #seen = new Set<string>();

  private constructor(cluster: Cluster, recorder: VersionRecorder, check: string, expressions: HealthCheckExpressions) {
    this.#expressions = expressions;
    this.#cluster = cluster;
    this.#recorder = recorder;
    this.#healthCheck = check;
  }

  static async of(cluster: Cluster, recorder: VersionRecorder): Promise<Judges> {
    return new Judges(cluster, recorder, await healthCheck(), await healthCheckExprs());
  }

  /** States of the table that no NodeTask was in yet. */
  get missing(): readonly string[] {
    return [...this.#table.keys()].filter((state) => !this.#seen.has(state));
  }

  /**
   * Waits until the NodeTask is in a state, and has it judged by all four.
   * @param holds recognizes the state by something else than what is judged.
   */
  async check(name: string, state: string, holds: (nodeTask: RecordedNodeTask) => boolean): Promise<RecordedNodeTask> {
    const row = this.#row(state);
    const nodeTask = await this.#recorder.until(name, `to be: ${state}`, holds);
    const [verdicts] = await this.#verdicts([nodeTask]);
    assert.equal(verdicts, pair(row), `${name} ${state}: ${JSON.stringify(nodeTask.status)}`);
    // One look at what there is now, without waiting.
    const [finished, complete] = await Promise.all([this.#met(name, 'Finished'), this.#met(name, 'Complete')]);
    assert.deepEqual({ finished, complete }, { finished: row.finished, complete: row.complete }, `${name} ${state}`);
    this.#seen.add(state);
    this.#passed.set(name, [...(this.#passed.get(name) ?? [unseen]), state]);
    return nodeTask;
  }

  /**
   * Judges every version of a NodeTask: the verdicts are those of the states that it was checked in, in that order, and no other but
   * "in progress", which it may be on its way from one to the next.
   */
  async checkLife(name: string): Promise<void> {
    const versions = this.#recorder.versions(name);
    const verdicts = await this.#verdicts(versions);
    const passed = (this.#passed.get(name) ?? []).map((state) => pair(this.#row(state)));
    assert.deepEqual(milestones(verdicts), milestones(passed), `${name}: ${JSON.stringify(versions)}`);
    assert.equal(verdicts[0], inProgress, 'the first instant');
    for (const [index, version] of versions.entries()) {
      checkEnd(version, verdicts[index] ?? '');
      checkNoWayBack(versions.slice(index, index + 2), verdicts.slice(index, index + 2));
    }
  }

  #row(state: string): VerdictRow {
    const row = this.#table.get(state);
    if (row === undefined) throw new Error(`docs/gitops.md has no state "${state}"`);
    return row;
  }

  async #verdicts(versions: readonly RecordedNodeTask[]): Promise<readonly string[]> {
    const [fromKstatus, fromExpressions] = await Promise.all([kstatus(versions), kstatus(versions, this.#expressions)]);
    for (const [index, { status }] of fromKstatus.entries()) {
      // Expressions have no word for what is being deleted.
      const expected = status === 'Terminating' ? 'InProgress' : status;
      const text = `by the expressions for Flux: ${JSON.stringify(versions[index])}`;
      assert.equal(fromExpressions[index]?.status, expected, text);
    }
    return versions.map((version, index) =>
      pair({
        kstatus: fromKstatus[index]?.status ?? '',
        argoCD: argoCdHealth(this.#healthCheck, version).status,
      }),
    );
  }

  async #met(name: string, condition: string): Promise<boolean> {
    const { controlPlane, namespace } = this.#cluster;
    const { code, stderr } = await controlPlane.kubectl(
      ['wait', '-n', namespace, `nodetask/${name}`].concat(`--for=condition=${condition}`, '--timeout=0s'),
    );
    if (code !== 0) assert.match(stderr, /^error: condition not met for nodetasks\//);
    return code === 0;
  }
}

const pair = ({ kstatus: flux, argoCD }: Pick<VerdictRow, 'kstatus' | 'argoCD'>): string => `${flux}, ${argoCD}`;

const inProgress = 'InProgress, Progressing';

const milestones = (verdicts: readonly string[]): readonly string[] =>
  verdicts.filter((verdict) => verdict !== inProgress).filter((verdict, index, rest) => verdict !== rest[index - 1]);

/** What is as it should be, or has ended, stays so as long as nobody changes the spec. */
const checkNoWayBack = (
  [before, after]: readonly RecordedNodeTask[],
  [verdictBefore = '', verdictAfter]: readonly string[],
): void => {
  if (before === undefined || after === undefined || after.metadata.deletionTimestamp !== undefined) return;
  if (before.metadata.generation !== after.metadata.generation) return;
  if (verdictBefore.startsWith('Current') || before.status?.completedAt !== undefined) {
    const text = `from ${JSON.stringify(before.status)} to ${JSON.stringify(after.status)}`;
    if (before.status?.observedGeneration === before.metadata.generation)
      assert.equal(verdictAfter, verdictBefore, text);
  }
};

/**
 * Whatever the conditions say: no agent still works on a one-shot that a tool takes for done, and for a success each has reported its end.
 * (What the operator removed from an agent is reported no more.)
 */
const checkEnd = ({ spec, status, metadata }: RecordedNodeTask, verdicts: string): void => {
  if (spec.async !== undefined || !/^(Current|Failed), /.test(verdicts)) return;
  const text = `${metadata.name} is ${verdicts}: ${JSON.stringify(status)}`;
  for (const { result, taskID, phase } of status?.targets ?? []) {
    const reported = result?.id === taskID ? result?.status : undefined;
    assert.ok(reported !== 'running' || phase === 'Cancelled', text);
    assert.ok(reported !== undefined || !verdicts.startsWith('Current'), text);
  }
};
