import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ownIdentity } from '../process/process-identity.ts';
import type { Cgroups } from './cgroups.ts';
import { cgroupName, makeCgroup, parseCgroupMounts, removeCgroup, sweepCgroups } from './cgroups.ts';

const FIRST = `22 28 0:20 / /sys rw shared:7 - sysfs sysfs rw
31 23 0:26 / /sys/fs/cgroup ro shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw
35 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct
36 31 0:31 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory
`;
const SECOND = `22 28 0:20 / /sys rw shared:7 - sysfs sysfs rw
31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
`;

test('a machine has cgroups of version 1 if any hierarchy is, else of version 2', () => {
  assert.deepEqual(parseCgroupMounts(FIRST), {
    version: 1,
    hierarchies: ['/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup/memory'],
    all: ['/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/unified'],
  });
  const all = ['/sys/fs/cgroup'];
  assert.deepEqual(parseCgroupMounts(SECOND), { version: 2, hierarchies: all, all });
  assert.throws(() => parseCgroupMounts('22 28 0:20 / /sys rw - sysfs sysfs rw\n'), /no cgroups are mounted/);
});

/** Plain folders: what is tested here is which are made, filled and removed. testbed/e2e does it with the kernel's. */
describe('the cgroup of a node', () => {
  let folder = '';
  const hierarchies = (): readonly string[] => ['cpuset', 'memory'].map((name) => join(folder, name));
  const first = (): Cgroups => ({
    version: 1,
    hierarchies: hierarchies(),
    all: [...hierarchies(), join(folder, 'unified')],
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cgroups-'));
    for (const hierarchy of first().all) await mkdir(hierarchy);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('version 1: is in every hierarchy, with the processors of its parent', async () => {
    await writeFile(join(folder, 'cpuset', 'cpuset.cpus'), '0-1\n');
    await writeFile(join(folder, 'cpuset', 'cpuset.mems'), '0\n');
    await makeCgroup('nodetask-x', first());
    assert.equal(await readFile(join(folder, 'cpuset', 'nodetask-x', 'cpuset.cpus'), 'utf8'), '0-1\n');
    assert.equal(await readFile(join(folder, 'cpuset', 'nodetask-x', 'cpuset.mems'), 'utf8'), '0\n');
    assert.deepEqual(await readdir(join(folder, 'memory', 'nodetask-x')), []);
  });

  test('version 2: has its controllers handed down, if they are not yet', async () => {
    const [hierarchy = ''] = hierarchies();
    const cgroups = { version: 2, hierarchies: [hierarchy], all: [hierarchy] } as const;
    await writeFile(join(hierarchy, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids\n');
    await writeFile(join(hierarchy, 'cgroup.subtree_control'), 'cpu memory\n');
    await makeCgroup('nodetask-x', cgroups);
    assert.equal(await readFile(join(hierarchy, 'cgroup.subtree_control'), 'utf8'), '+cpuset +pids');
    await writeFile(join(hierarchy, 'cgroup.controllers'), 'cpu memory\n');
    await assert.rejects(makeCgroup('nodetask-y', cgroups), /lacks the cgroup controllers cpuset, pids/);
  });

  test('is removed with all below it, and one that is gone is fine', async () => {
    const cgroups = first();
    for (const hierarchy of ['memory', 'unified'])
      await mkdir(join(folder, hierarchy, 'nodetask-x', 'kubepods', 'pod1'), { recursive: true });
    await removeCgroup('nodetask-x', cgroups);
    for (const hierarchy of ['memory', 'unified']) assert.deepEqual(await readdir(join(folder, hierarchy)), []);
  });

  test('of an owner that is gone is swept, unless it has processes; no other is', async () => {
    const cgroups = first();
    const { startTime } = ownIdentity();
    const own = cgroupName();
    const gone = cgroupName({ pid: process.pid, startTime: `${startTime}0` });
    const busy = cgroupName({ pid: process.pid, startTime: `${startTime}1` });
    for (const name of [own, gone, busy, 'kubepods', 'nodetask-image-test'])
      await mkdir(join(folder, 'memory', name, 'below'), { recursive: true });
    await writeFile(join(folder, 'memory', busy, 'below', 'cgroup.procs'), '1\n');
    assert.deepEqual(await sweepCgroups(cgroups), [gone]);
    assert.deepEqual(
      (await readdir(join(folder, 'memory'))).toSorted(),
      [own, busy, 'kubepods', 'nodetask-image-test'].toSorted(),
    );
  });
});
