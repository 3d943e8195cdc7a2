import { apiGroup, apiVersion, type NodeTask, plural } from '@nodetask/shared';
import type { ResourceType } from '../kube/resource-type.ts';

/** What to say where the API server does not have NodeTasks. */
export const crdMissing = `the CRD ${plural}.${apiGroup} is not installed: install it with "kubectl apply -k crds", or by crds.install=true of the chart; the operator goes on by itself then`;

export const nodeTasks: ResourceType = { group: apiGroup, version: apiVersion, plural };

/** `namespace/name`, as the caches and the queue have it. */
export const keyOf = ({ metadata }: NodeTask): string => `${metadata.namespace}/${metadata.name}`;
