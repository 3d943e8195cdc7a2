import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { helmAlone, type KubeObject } from '@nodetask/testbed';
import { chart, render, renderText, titleOf, type Values, withValues } from './support/chart.ts';
import { matrix } from './support/matrix.ts';

/** What the chart makes of values: by Helm 4, and by Helm 3. */

const cases = Object.entries(matrix);

const find = (objects: readonly KubeObject[], title: string): KubeObject => {
  const found = objects.find((object) => titleOf(object) === title);
  assert.ok(found, `${title} is not among ${objects.map(titleOf).join(', ')}`);
  return found;
};

/** A member of an object, by its path. */
const at = (object: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[key],
    object,
  );

const byTitle = (one: KubeObject, other: KubeObject): number => titleOf(one).localeCompare(titleOf(other), 'en');

const kinds = (objects: readonly KubeObject[]): readonly string[] =>
  [...new Set(objects.map(({ kind }) => kind))].toSorted();

describe('helm lint has nothing to say', () => {
  for (const [name, given] of cases) {
    test(name, async () => {
      const { code, stdout } = await helmAlone([
        'lint',
        '--strict',
        '--kube-version',
        '1.30.0',
        chart,
        ...withValues(given),
      ]);
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, /\[(?:WARNING|ERROR)\]/);
    });
  }
});

describe('Helm 3 makes the same of the values as Helm 4', () => {
  for (const [name, given] of cases) {
    test(name, async () => {
      // They differ in the order of kinds that neither knows.
      assert.deepEqual((await render(given, 'helm3')).toSorted(byTitle), (await render(given)).toSorted(byTitle));
    });
  }
});

describe('by default', () => {
  test('there is what is needed, and nothing that needs something else', async () => {
    assert.deepEqual(kinds(await render()), [
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'Deployment',
      'MutatingWebhookConfiguration',
      'PodDisruptionBudget',
      'Role',
      'RoleBinding',
      'Service',
      'ServiceAccount',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ]);
  });

  test('the CRD comes before all that knows its fields', async () => {
    const order = (await render()).map(({ kind }) => kind);
    const crd = order.indexOf('CustomResourceDefinition');
    for (const kind of ['ClusterRole', 'Deployment', 'MutatingWebhookConfiguration'])
      assert.ok(crd < order.indexOf(kind), `${kind} before the CRD: ${order.join()}`);
  });

  test("the operator's pods hold to the restricted Pod Security Standard and a read-only root", async () => {
    const pod = at(find(await render(), 'Deployment nodetask-operator'), 'spec', 'template', 'spec');
    assert.deepEqual(at(pod, 'securityContext'), {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(at(pod, 'containers', 0, 'securityContext'), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.equal(at(pod, 'volumes'), undefined);
  });

  test('no rule has a wildcard, and Secrets are asked for by name', async () => {
    for (const object of (await render()).filter(({ kind }) => kind.endsWith('Role'))) {
      for (const rule of object.rules as readonly Readonly<Record<string, readonly string[]>>[]) {
        assert.ok(!Object.values(rule).flat().includes('*'), `${titleOf(object)}: ${JSON.stringify(rule)}`);
        if (rule.resources?.includes('secrets') === true && rule.verbs?.join() !== 'create')
          assert.ok(rule.resourceNames !== undefined, `${titleOf(object)}: ${JSON.stringify(rule)}`);
      }
    }
  });
});

describe('with namespaces named', () => {
  const given: Values = { agentNamespaces: ['sei', 'sei-testnet'], agentServiceAccounts: ['default', 'node'] };

  test('the operator watches these alone, and may do there alone what it does with NodeTasks and pods', async () => {
    const objects = await render(given);
    const args = at(
      find(objects, 'Deployment nodetask-operator'),
      'spec',
      'template',
      'spec',
      'containers',
      0,
      'args',
    ) as readonly string[];
    assert.deepEqual(
      args.filter((arg) => arg.startsWith('--namespace')),
      ['--namespace=sei', '--namespace=sei-testnet'],
    );
    const bindings = objects.filter(({ roleRef }) => at(roleRef, 'name') === 'nodetask-operator').map(titleOf);
    assert.deepEqual(bindings, [
      'RoleBinding sei/nodetask-operator',
      'RoleBinding sei-testnet/nodetask-operator',
      'RoleBinding nodetask-operator-own',
    ]);
    const role = find(objects, 'ClusterRole nodetask-operator');
    assert.deepEqual(
      role.rules,
      find(await render(), 'ClusterRole nodetask-operator').rules,
      'the same rights as in all',
    );
  });

  test('the service accounts of each may report, and the webhook is asked about their pods only', async () => {
    const objects = await render(given);
    const { subjects } = find(objects, 'RoleBinding sei-testnet/nodetask-agent');
    assert.deepEqual(subjects, [
      { kind: 'ServiceAccount', name: 'default', namespace: 'sei-testnet' },
      { kind: 'ServiceAccount', name: 'node', namespace: 'sei-testnet' },
    ]);
    const webhook = at(find(objects, 'MutatingWebhookConfiguration nodetask'), 'webhooks', 0);
    assert.deepEqual(at(webhook, 'objectSelector'), { matchLabels: { 'nodetask.dev/agent': 'enabled' } });
    assert.deepEqual(at(webhook, 'namespaceSelector', 'matchExpressions', 1), {
      key: 'kubernetes.io/metadata.name',
      operator: 'In',
      values: ['sei', 'sei-testnet'],
    });
  });
});

test('with cert-manager the operator only reads the CA', async () => {
  const given: Values = { tls: { certManager: { enabled: true } } };
  const rules = find(await render(given), 'Role nodetask-operator').rules as readonly Readonly<
    Record<string, readonly string[]>
  >[];
  const ofSecrets = rules.filter(({ resources }) => resources?.includes('secrets'));
  assert.deepEqual(
    ofSecrets.map(({ resourceNames, verbs }) => `${String(resourceNames)}: ${String(verbs)}`),
    ['nodetask-metrics-reader: get,create,patch', 'nodetask-ca: list,watch'],
  );
});

test('the caBundle of the webhook is left to the operator', async () => {
  assert.doesNotMatch(await renderText(matrix['everything that can be had']), /caBundle:/);
});

describe('values that cannot work are refused, and it is said why', () => {
  const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['a value that there is not', { agentNamespace: ['sei'] }, /additional properties 'agentNamespace' not allowed/],
    ['a nested one', { operator: { replica: 3 } }, /at '\/operator': additional properties 'replica' not allowed/],
    ['text for a number', { operator: { replicas: 'two' } }, /at '\/operator\/replicas': got string, want integer/],
    ['too few', { operator: { replicas: 0 } }, /at '\/operator\/replicas': minimum: got 0, want 1/],
    [
      'a name that is none',
      { agentNamespaces: ['Sei_1'] },
      /at '\/agentNamespaces\/0': 'Sei_1' does not match pattern/,
    ],
    [
      'a short life',
      { tls: { certificateLifetimeSeconds: 5 } },
      /certificateLifetimeSeconds': minimum: got 5, want 60/,
    ],
    [
      'another choice',
      { injection: { failurePolicy: 'Maybe' } },
      /failurePolicy': value must be one of 'Fail', 'Ignore'/,
    ],
    [
      'injection without TLS',
      { tls: { enabled: false } },
      /injection\.enabled needs tls\.enabled: .* Set injection\.enabled=false/,
    ],
    [
      'agents read without TLS',
      { tls: { enabled: false }, injection: { enabled: false }, metrics: { podMonitor: { enabled: true } } },
      /metrics\.podMonitor\.enabled needs tls\.enabled/,
    ],
    [
      'an account that nobody makes or names',
      { operator: { serviceAccount: { create: false } } },
      /operator\.serviceAccount\.name: the name of the account that is there already/,
    ],
  ];
  for (const [name, given, says] of wrong) {
    test(name, async () => {
      await assert.rejects(renderText(given), says);
    });
  }

  test('an older Kubernetes', async () => {
    const { code, stderr } = await helmAlone(['template', 'nodetask', chart, '--kube-version', '1.29.9']);
    assert.notEqual(code, 0);
    assert.match(stderr, /chart requires kubeVersion: >=1\.30\.0-0 which is incompatible with Kubernetes v1\.29\.9/);
  });
});

/** How each alert tells of its runbook: the annotation and its text. */
const runbooks = async (docsURL: string): Promise<readonly (readonly [string, unknown])[]> => {
  const rule = find(
    await render({ metrics: { prometheusRule: { enabled: true, docsURL } } }),
    'PrometheusRule nodetask',
  );
  const groups = at(rule, 'spec', 'groups') as readonly {
    rules: readonly { annotations: Record<string, unknown> }[];
  }[];
  return groups.flatMap(({ rules }) =>
    rules.flatMap(({ annotations }) =>
      ['runbook', 'runbook_url'].flatMap((key) => (key in annotations ? [[key, annotations[key]] as const] : [])),
    ),
  );
};

describe('the dashboard', () => {
  test('links to runbooks where it is known where the docs are, and names them elsewhere', async () => {
    for (const [docsURL, start] of [
      ['https://git.example.com/docs/', 'https://git.example.com/docs/'],
      ['', 'docs/'],
    ]) {
      const rendered = await render({ metrics: { dashboard: { enabled: true }, prometheusRule: { docsURL } } });
      const text = String(at(find(rendered, 'ConfigMap nodetask-dashboard'), 'data', 'nodetask.json'));
      const { panels } = JSON.parse(text) as { panels: readonly { description?: string }[] };
      const named = panels.flatMap(({ description = '' }) =>
        [...description.matchAll(/Runbook: (\S+)/g)].map(([, link = '']) => link),
      );
      assert.ok(named.length > 10);
      for (const link of named) assert.match(link, new RegExp(`^${start}observability\\.md#nodetask[a-z]+$`));
    }
  });
});

describe('the alerts', () => {
  test('link to their runbooks where it is known where the docs are, and name them elsewhere', async () => {
    for (const docsURL of ['https://git.example.com/docs', 'https://git.example.com/docs/']) {
      const links = await runbooks(docsURL);
      assert.ok(links.length >= 18);
      for (const [key, link] of links) {
        assert.equal(key, 'runbook_url');
        assert.match(String(link), /^https:\/\/git\.example\.com\/docs\/observability\.md#nodetask[a-z]+$/);
      }
    }
    for (const [key, name] of await runbooks('')) {
      assert.equal(key, 'runbook');
      assert.match(String(name), /^docs\/observability\.md#nodetask[a-z]+$/);
    }
  });
});
