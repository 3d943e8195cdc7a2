import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cancelFinalizer, operatorFieldManager } from '@nodetask/shared';
import { type Cluster, type KubeObject, startCluster, waitFor } from '@nodetask/testbed';
import { managerOf, managersOf, ownedBy } from './support/field-owners.ts';
import { SilentSource } from './support/silent-source.ts';
import { pathOf } from './support/test-cluster.ts';
import { type RecordedNodeTask, VersionRecorder } from './support/version-recorder.ts';

type Spec = Readonly<Record<string, unknown>>;
/** One way in which a user or a GitOps tool writes a manifest again. */
type Heal = (manifest: object) => Promise<void>;

/** Whoever applies a NodeTask again, whenever: status and finalizer stay, and nothing runs twice. */
let cluster: Cluster;
let recorder: VersionRecorder;
const pods = ['sei-0', 'sei-1'] as const;
const target = { selector: { matchLabels: { app: 'sei' } } };

before(async () => {
  cluster = await startCluster();
  recorder = await VersionRecorder.start(cluster);
  await Promise.all(
    pods.map(async (name) => cluster.createAgentPod(name, { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] })),
  );
});

after(async () => {
  await recorder[Symbol.asyncDispose]();
  await cluster.stop();
});

/** With a status, as in a manifest that somebody copied from the cluster. */
const manifestOf = (name: string, spec: Spec): KubeObject => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: { name, namespace: cluster.namespace },
  spec,
  status: { observedGeneration: 7, phase: 'Succeeded', targets: [{ pod: 'sei-0', phase: 'Succeeded' }] },
});

const kubectlApply =
  (...flags: readonly string[]): Heal =>
  async (manifest) => {
    const { code, stderr } = await cluster.controlPlane.kubectl(['apply', ...flags, '-f', '-'], {
      input: JSON.stringify(manifest),
    });
    assert.equal(code, 0, stderr);
  };

const heals: Readonly<Record<string, Heal>> = {
  'client-side': kubectlApply(),
  'server-side': kubectlApply('--server-side', '--force-conflicts', '--field-manager=gitops'),
};

/** Somebody who applies a manifest, and applies it again after every change of the object. One apply at a time. */
class Healer {
  readonly #name: string;
  readonly #heal: Heal;
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;
  #spec: Spec = {};
  #last: Promise<void> = Promise.resolve();

  constructor(name: string, heal: Heal) {
    this.#name = name;
    this.#heal = heal;
    this.#watching = this.#watch();
    // Said by stop().
    this.#watching.catch(() => undefined);
  }

  /** Applies the spec, that of the last time by default: always the newest when its turn comes. */
  async apply(spec?: Spec): Promise<void> {
    this.#spec = spec ?? this.#spec;
    this.#last = this.#healAfter(this.#last);
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  async #healAfter(last: Promise<void>): Promise<void> {
    await last;
    await this.#heal(manifestOf(this.#name, this.#spec));
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end;
    let seen = 0;
    while (!signal.aborted) {
      await waitFor(() => signal.aborted || recorder.versions(this.#name).length > seen, {
        what: `a change of ${this.#name}`,
        timeoutMs: 90_000,
        intervalMs: 5,
      });
      seen = recorder.versions(this.#name).length;
      await this.apply();
    }
  }
}

const phaseIs =
  (phase: string, runID: string) =>
  ({ status }: RecordedNodeTask): boolean =>
    status?.phase === phase && status.runID === runID;

const isRunning = ({ status }: RecordedNodeTask): boolean => status?.phase === 'Running';
const isHeld = ({ metadata }: RecordedNodeTask): boolean => metadata.finalizers?.includes(cancelFinalizer) ?? false;

/** Each of the writers owns its own fields and nothing of anybody else's. */
const checkOwners = (version: RecordedNodeTask): void => {
  const text = JSON.stringify(version.metadata);
  const agents = pods.map(managerOf);
  const ours = [operatorFieldManager, ...agents];
  for (const manager of ours) assert.deepEqual(ownedBy(version, manager, 'spec'), [], text);
  for (const manager of managersOf(version))
    if (!ours.includes(manager)) assert.deepEqual(ownedBy(version, manager, 'status'), [], `${manager}: ${text}`);
  assert.ok(!ownedBy(version, operatorFieldManager, 'status').some((path) => /\.(result|runs)\b/.test(path)), text);
  assert.ok(
    ownedBy(version, operatorFieldManager, 'metadata').every((path) => path.startsWith('finalizers')),
    text,
  );
  for (const [index, manager] of agents.entries()) {
    assert.deepEqual(ownedBy(version, manager, 'metadata'), [], text);
    const row = `targets[pod=${pods[index] ?? ''}]`;
    for (const path of ownedBy(version, manager, 'status'))
      assert.match(path.replace(row, ''), /^\.(pod|result|runs)\b/);
  }
};

/** What was on status stays there until the next run, and the finalizer as long as something runs. */
const checkKept = (earlier: RecordedNodeTask | undefined, version: RecordedNodeTask): void => {
  const text = `${JSON.stringify(earlier)} → ${JSON.stringify(version)}`;
  assert.ok(
    (version.status?.observedGeneration ?? -1) >= (earlier?.status?.observedGeneration ?? -1),
    `observedGeneration went back: ${text}`,
  );
  if (isRunning(version)) assert.ok(isHeld(version), text);
  if (earlier?.status?.runID !== version.status?.runID) return;
  const rows = new Set(version.status?.targets?.map(({ pod }) => pod));
  for (const { pod, result } of earlier?.status?.targets ?? []) {
    assert.ok(rows.has(pod), `the row of ${pod} is gone: ${text}`);
    const now = version.status?.targets?.find((row) => row.pod === pod);
    if (result !== undefined) assert.ok(now?.result !== undefined, `the result of ${pod} is gone: ${text}`);
  }
};

for (const [how, heal] of Object.entries(heals)) {
  test(
    `a ${how} apply after every change leaves status, finalizer and owners alone`,
    { timeout: 240_000 },
    async () => {
      await using source = await SilentSource.start();
      const name = `healed-${how}`;
      const healer = new Healer(name, heal);
      const strategy = { maxParallel: '100%', onFailure: 'Continue' };
      await healer.apply({ type: 'configure-genesis', target, params: { rpc: source.url }, runID: '1', strategy });
      await recorder.until(name, 'to run on both', ({ status }) => status?.counts?.running === 2);
      await healer.apply();
      // Those that have connected fail, and so do those that only will.
      await source[Symbol.asyncDispose]();
      await recorder.until(name, 'to fail', phaseIs('Failed', '1'));
      await healer.apply();

      await healer.apply({ type: 'mark-ready', target, runID: '2' });
      await recorder.until(name, 'to succeed', phaseIs('Succeeded', '2'));
      await healer.apply();
      await recorder.until(name, 'to be let go', ({ metadata }) => metadata.finalizers === undefined);
      await healer.stop();

      const versions = recorder.versions(name);
      for (const [index, version] of versions.entries()) {
        checkOwners(version);
        checkKept(versions[index - 1], version);
      }
      // Two specs, two generations: no apply changed anything, and no task ran more than once.
      assert.equal(versions.at(-1)?.metadata.generation, 2);
      const results = versions.flatMap(({ status }) => (status?.targets ?? []).flatMap(({ result }) => result ?? []));
      assert.equal(new Set(results.map(({ id }) => id)).size, 2 * pods.length);
      await cluster.admin.delete(pathOf(cluster, name));
    },
  );
}

test('kubectl replace, which takes the finalizer off, gets it back as long as the task runs', async () => {
  await using source = await SilentSource.start();
  const manifest = manifestOf('replaced', { type: 'configure-genesis', target, params: { rpc: source.url } });
  await cluster.admin.create(manifest);
  const running = await recorder.until('replaced', 'to run', isRunning);
  const { code, stderr } = await cluster.controlPlane.kubectl(['replace', '-f', '-'], {
    input: JSON.stringify(manifest),
  });
  assert.equal(code, 0, stderr);
  const wasTaken = (): boolean =>
    recorder.versions('replaced').some((version) => isRunning(version) && !isHeld(version));
  const held = await recorder.until('replaced', 'to be held again', (nodeTask) => wasTaken() && isHeld(nodeTask));
  assert.equal(held.status?.targets?.[0]?.taskID, running.status?.targets?.[0]?.taskID);

  await cluster.admin.delete(pathOf(cluster, 'replaced'));
  await cluster.untilNodeTask('replaced', (object) => object === undefined, { what: 'replaced to be gone' });
  const [row] = running.status?.targets ?? [];
  const answer = await cluster.agent(row?.pod ?? '').request('GET', `/v0/tasks/${row?.taskID ?? ''}`);
  assert.equal(answer.status, 404, 'the task was stopped on its agent');
});
