// Volumes of the node's own disk, which a test can look into. https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealNode } from '../../src/real-node/real-node.ts';

/** The user of the images. */
const USER = 65_532;

/** Makes a volume that the claim `chain/<claim>` gets, and answers its folder. */
export const makeVolume = async (node: RealNode, claim: string): Promise<string> => {
  const path = join(node.folder, 'volumes', claim);
  await mkdir(path, { recursive: true });
  await chown(path, USER, USER);
  await node.controlPlane.admin.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: claim },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: 'chain', name: claim },
      hostPath: { path, type: 'Directory' },
    },
  });
  return path;
};

/** Gives a folder and all in it to the user of the images, as a volume that pods have filled. */
export const giveToPods = async (folder: string): Promise<void> => {
  await chown(folder, USER, USER);
  for (const path of await readdir(folder, { recursive: true })) await chown(join(folder, path), USER, USER);
};
