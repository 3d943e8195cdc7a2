import { hash } from 'node:crypto';
import { LruMap } from '../kube/lru-map.ts';

/** Names one try of a NodeTask on one pod. */
export interface AttemptName {
  /** metadata.uid of the NodeTask. */
  readonly nodeTaskUID: string;
  readonly runID: string | undefined;
  readonly pod: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * The id under which an attempt is dispatched: computed from its name alone, so that a repeated dispatch names the same task.
 * UUIDv5 (RFC 9562, 5.5) in the namespace of the NodeTask's UID.
 */
export const taskID = ({ nodeTaskUID, runID, pod, attempt }: AttemptName): string => {
  const name = JSON.stringify([runID ?? '', pod, attempt]);
  const key = nodeTaskUID + name;
  const known = computed.get(key);
  if (known !== undefined) return known;
  const id = uuidV5(nodeTaskUID, name);
  computed.set(key, id);
  return id;
};

/** Saves time and nothing else: each decision asks for the same few ids many times. */
const computed = new LruMap<string, string>(4096);

/** @param namespace a UUID; throws for anything else. */
export const uuidV5 = (namespace: string, name: string): string => {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(namespace)) {
    throw new TypeError(`the namespace of a UUIDv5 must be a UUID, not ${JSON.stringify(namespace)}`);
  }
  const named = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]);
  const bytes = hash('sha1', named, 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
