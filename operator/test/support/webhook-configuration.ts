import type { KubeObject } from '@nodetask/testbed';

/** Where a webhook is, and whom the API server believes that it is; without: nobody, until somebody else says. */
interface Place {
  readonly url: string;
  readonly ca?: string;
}

const configuration = (name: string, webhook: Readonly<Record<string, unknown>>): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name },
  webhooks: [{ admissionReviewVersions: ['v1'], sideEffects: 'None', ...webhook }],
});

const clientConfig = ({ url, ca }: Place, path: string): object => ({
  url: `${url}${path}`,
  ...(ca === undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') }),
});

const newPods = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['pods'],
  scope: 'Namespaced',
};

const hasNo = (list: string): string =>
  `!(has(object.spec.${list}) && object.spec.${list}.exists(c, c.name == 'nodetask-agent'))`;

/** A pod whose agent is written out by hand depends on no webhook. */
export const onlyWithoutAgent = {
  matchConditions: [{ name: 'has-no-agent', expression: `${hasNo('initContainers')} && ${hasNo('containers')}` }],
};

/** The webhook as an installation has it, but for where it is. */
export const agentWebhook = (place: Place, more: object = onlyWithoutAgent): KubeObject =>
  configuration('nodetask', {
    name: 'agent.nodetask.dev',
    clientConfig: clientConfig(place, '/mutate-pods'),
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 5,
    reinvocationPolicy: 'IfNeeded',
    rules: [newPods],
    objectSelector: { matchLabels: { 'nodetask.dev/agent': 'enabled' } },
    namespaceSelector: {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'nodetask-system'] },
      ],
    },
    ...more,
  });

/** Another injector, for the pods of one namespace; which of two is called first, their names say. */
export const otherWebhook = (place: Place, name: string, path: string, namespace: string): KubeObject =>
  configuration(name, {
    name: 'other.example.org',
    clientConfig: clientConfig(place, path),
    rules: [newPods],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  });
