// The programs of a node, found or made: outside of its namespaces, where there is a network.
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { NODE_PROGRAMS } from '../programs/catalogue.ts';
import type { DebianProgramName } from '../programs/debian-catalogue.ts';
import { findDebianProgram } from '../programs/find-debian-program.ts';
import { findPrograms } from '../programs/find-program.ts';

const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
const DEBIAN = ['ip', 'nft', 'runc'] as const satisfies readonly DebianProgramName[];

export type NodePrograms = Readonly<Record<(typeof NODE_PROGRAMS)[number] | (typeof DEBIAN)[number], string>>;

/** Finds or makes all of them (about 8 minutes on two cores, once for each user and version). */
export async function findNodePrograms(): Promise<NodePrograms> {
  await findPrograms(CONTROL_PLANE);
  const debian: [DebianProgramName, string][] = [];
  for (const name of DEBIAN) debian.push([name, await findDebianProgram(name)]);
  return {
    ...(await findPrograms(NODE_PROGRAMS)),
    ...(Object.fromEntries(debian) as Record<(typeof DEBIAN)[number], string>),
  };
}

/** Links programs, under the names by which others call them, into `folder`. */
export async function linkPrograms(folder: string, programs: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, path] of Object.entries(programs)) await symlink(path, join(folder, name));
}
