import { apiGroup, apiVersion, type NodeTask, plural } from '@nodetask/shared';
import type { ResourceType } from '../kube/resource-type.ts';

export const nodeTasks: ResourceType = { group: apiGroup, version: apiVersion, plural };

/** `namespace/name`, as the caches and the queue have it. */
export const keyOf = ({ metadata }: NodeTask): string => `${metadata.namespace}/${metadata.name}`;
