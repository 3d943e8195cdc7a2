import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mustRun } from '@nodetask/testbed';
import { buildProgram, probeGo } from '../src/programs/build-program.ts';
import { PROGRAMS } from '../src/programs/catalogue.ts';

const withoutGo =
  (await probeGo()) === 'absent' ? 'there is no go on the PATH: nothing is ever built on this machine' : false;

test('go builds a program from the committed go.mod and go.sum', { skip: withoutGo, timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'build-program-'));
  try {
    // The smallest; its packages are in Go's build cache once the testbed has been used.
    await buildProgram(PROGRAMS.etcd, join(folder, 'etcd'));
    const { stdout } = await mustRun(join(folder, 'etcd'), ['--version']);
    assert.match(stdout, /^etcd Version: 3\.7\.3$/m);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a failed build says what failed', { skip: withoutGo, timeout: 60_000 }, async () => {
  await assert.rejects(
    buildProgram({ ...PROGRAMS.etcd, goPackage: 'go.etcd.io/etcd/no-such-package' }, join(tmpdir(), 'never')),
    /go build go\.etcd\.io\/etcd\/no-such-package in .* ended with code 1:\n.*no-such-package/,
  );
});
