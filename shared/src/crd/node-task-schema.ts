import type { Phase } from '../conditions.ts';
import { nodeTaskSpecSchema } from '../node-task-spec.ts';
import { type Condition, nodeTaskStatusSchema } from '../node-task-status.ts';
import { dependencyRules } from './dependency-rules.ts';
import { flatParams } from './flat-params.ts';
import { immutabilityRules } from './immutability-rules.ts';
import { paramsRules } from './params-rules.ts';
import { inKeyOrder, type StructuralSchema } from './structural-schema.ts';
import { structuralFromZod } from './zod-to-structural.ts';

/** The schema of a whole NodeTask, as the API server takes it. */
export const nodeTaskSchema = (): StructuralSchema =>
  inKeyOrder({
    description:
      'NodeTask is one unit of work that agents do on the nodes of a blockchain: once, by a schedule, or for ever.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: 'Version of this schema: nodetask.dev/v1alpha1.', type: 'string' },
      kind: { description: 'NodeTask.', type: 'string' },
      metadata: { type: 'object' },
      spec: specSchema(),
      status: statusSchema(),
    },
    'x-kubernetes-validations': dependencyRules(),
  });

const specSchema = (): StructuralSchema => {
  const spec = structuralFromZod(nodeTaskSpecSchema, 'spec', { defaults: true, rules: true });
  return {
    ...spec,
    description: 'The task that is wanted, and where.',
    properties: { ...spec.properties, params: flatParams() },
    'x-kubernetes-validations': [...(spec['x-kubernetes-validations'] ?? []), ...paramsRules(), ...immutabilityRules()],
  };
};

/**
 * Observed, not wanted: the API server judges nothing of how members go together, or a write would be lost. The one write that is to be lost is that of a
 * former leader. It fills in phase and conditions, so that neither is ever empty, whoever writes first.
 */
const statusSchema = (): StructuralSchema => {
  const status = structuralFromZod(nodeTaskStatusSchema, 'status', { defaults: false, rules: false });
  return {
    ...status,
    description: 'What the operator and the agents observed.',
    properties: {
      ...status.properties,
      fence: { ...status.properties?.['fence'], ...fenceRule },
      phase: { ...status.properties?.['phase'], default: firstPhase },
      conditions: { ...status.properties?.['conditions'], default: [unseen] },
    },
    // Of the whole object: the default of a member alone does not apply while its parent is absent.
    default: { observedGeneration: -1, phase: firstPhase, conditions: [unseen] },
  };
};

const firstPhase: Phase = 'Pending';

/** Without observedGeneration: nobody has observed anything. The time says no more than that it is long ago. */
const unseen = {
  type: 'Ready',
  status: 'Unknown',
  lastTransitionTime: '1970-01-01T00:00:00Z',
  reason: 'Unseen',
  message:
    'no operator has looked at it yet. Check that one runs (kubectl get pods -A -l app.kubernetes.io/name=nodetask), and that its agentNamespaces name this namespace',
} as const satisfies Condition;

/** A rule that speaks of oldSelf holds where there was no value, and where none is written. */
const fenceRule: StructuralSchema = {
  'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'a newer leader has written this status' }],
};
