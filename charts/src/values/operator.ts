import * as z from 'zod';
import { image, objectName, optionalName, passed, passedList, resources, textMap } from './kubernetes.ts';

/** Values of the operator's Deployment. */
export const operator = z
  .strictObject({
    replicas: z
      .int()
      .min(1)
      .max(9)
      .default(2)
      .describe('Replicas. One leads; the others have their caches full and take over, and all answer webhooks.'),
    image: image('nodetask/nodetask-operator', "The operator's image."),
    resources: resources({ cpu: '50m', memory: '128Mi' }, { memory: '512Mi' }).describe(
      'Resources of the container. 10,000 NodeTasks take less than 300 MB.',
    ),
    concurrency: z.int().min(1).max(1000).default(16).describe('NodeTasks in work at the same time.'),
    defaultTTLSecondsAfterFinished: z
      .int()
      .min(0)
      .max(315_360_000)
      .nullable()
      .default(null)
      .describe(
        'Seconds after which finished NodeTasks without `ttlSecondsAfterFinished` are deleted. Null: never. A GitOps tool that still has one creates it anew, and it runs again.',
      ),
    logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('What is logged.'),
    serviceAccount: z
      .strictObject({
        create: z.boolean().default(true).describe('Make the service account.'),
        name: optionalName.default('').describe('Its name. Empty: `<release>-operator`.'),
        annotations: textMap.default({}).describe('Its annotations.'),
      })
      .prefault({})
      .describe('The account whose rights the operator has.'),
    podLabels: textMap.default({}).describe('More labels of its pods.'),
    podAnnotations: textMap.default({}).describe('Annotations of its pods.'),
    podSecurityContext: passed
      .default({
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      .describe('The securityContext of its pods. On OpenShift set `runAsUser` and `runAsGroup` to null.'),
    containerSecurityContext: passed
      .default({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
      .describe('The securityContext of its container.'),
    topologySpread: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Spread the replicas over nodes and zones.'),
        whenUnsatisfiable: z
          .enum(['ScheduleAnyway', 'DoNotSchedule'])
          .default('ScheduleAnyway')
          .describe('What to do where there are too few nodes or zones.'),
      })
      .prefault({})
      .describe('Where the replicas run.'),
    nodeSelector: textMap.default({}).describe('Labels that its nodes must have.'),
    tolerations: passedList.default([]).describe('Taints that it tolerates.'),
    affinity: passed.default({}).describe('Affinity of its pods.'),
    priorityClassName: optionalName.default('').describe('Priority class of its pods. Empty: the default one.'),
    extraArgs: z
      .array(z.string().startsWith('--'))
      .default([])
      .describe('More arguments. `nodetask-operator --help` names them all.'),
    extraEnv: passedList.default([]).describe('More environment variables.'),
  })
  .prefault({})
  .describe('The operator.');

/** Values of the agents that the operator adds to pods, and of those that stand in their manifests. */
export const agent = z
  .strictObject({
    image: image('nodetask/nodetask-agent', 'The image of the agents that are injected.'),
    tokenSecret: z
      .string()
      .max(253)
      .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
      .default('')
      .describe(
        "Secret in the release's namespace whose key `token` is the bearer token of the agents. Needed where `tls.enabled` is false, for nothing else.",
      ),
  })
  .prefault({})
  .describe('The agents.');

export const agentNamespaces = z
  .array(objectName(63))
  .max(256)
  .default([])
  .describe(
    'Namespaces with NodeTasks: the operator watches these only, and their agents get the right to report. They must exist. Empty: it watches all of them, ' +
      'and you give agents the right to report in each by a RoleBinding to the ClusterRole `<release>-agent`.',
  );

export const agentServiceAccounts = z
  .array(objectName())
  .min(1)
  .default(['default'])
  .describe('Service accounts of the pods with agents, in each of `agentNamespaces`.');

export const watchWarning = z
  .boolean()
  .default(false)
  .describe(
    'Warn people who create or change a NodeTask in a namespace that is none of `agentNamespaces`. For one release in a cluster, since it knows nothing of the ' +
      'namespaces of another. It says nothing while `agentNamespaces` is empty.',
  );
