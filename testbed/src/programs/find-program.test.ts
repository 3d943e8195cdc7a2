import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { TestbedConfig } from '../config.ts';
import { mustRun } from '../process/run-command.ts';
import { PROGRAMS } from './catalogue.ts';
import type { Program } from './catalogue.ts';
import { findProgram } from './find-program.ts';
import type { FindProgramOptions } from './find-program.ts';

const SYSTEM = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;

async function failingBuild(_program: Program, output: string): Promise<void> {
  await writeFile(output, 'half');
  throw new Error('no space left');
}

describe('find program', { timeout: 30_000 }, () => {
  let folder = '';
  let log: string[] = [];
  let built: string[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'find-program-'));
    log = [];
    built = [];
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
    await rm(folder, { recursive: true });
  });

  function options(
    changes: { config?: Partial<TestbedConfig> } & Omit<FindProgramOptions, 'config'> = {},
  ): FindProgramOptions {
    return {
      log: (line) => log.push(line),
      probeGo: async () => 'present',
      build: async (program: Program, output: string) => {
        built.push(program.name);
        await writeFile(output, `#!/bin/sh\n# ${program.version}\n`, { mode: 0o755 });
      },
      ...changes,
      config: {
        programFolders: [],
        systemFolders: [],
        cacheFolder: join(folder, 'cache'),
        envtestIndex: 'http://127.0.0.1:1/none.yaml',
        tempRoot: folder,
        keepFolders: false,
        ...changes.config,
      },
    };
  }

  /** Serves an index and a real tar.gz with the three programs. */
  async function serve(versions: readonly string[], change: (hash: string) => string = (hash) => hash) {
    const content = join(folder, 'content', 'controller-tools', 'envtest');
    await mkdir(content, { recursive: true });
    for (const name of ['etcd', 'kube-apiserver', 'kubectl'])
      await writeFile(join(content, name), `the ${name}`, { mode: 0o755 });
    const archive = join(folder, 'archive.tar.gz');
    await mustRun('tar', ['-czf', archive, '-C', join(folder, 'content'), 'controller-tools']);
    const bytes = await readFile(archive);
    const hash = change(createHash('sha512').update(bytes).digest('hex'));
    const paths: string[] = [];
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      paths.push(path);
      if (path === '/index.yaml') {
        const { port } = server.address() as AddressInfo;
        const releases = versions.map((version) => {
          const name = `envtest-${version}-${SYSTEM}.tar.gz`;
          return `  ${version}:\n    ${name}:\n      hash: ${hash}\n      selfLink: http://127.0.0.1:${port}/${name}\n`;
        });
        response.end(`releases:\n${releases.join('')}`);
      } else response.end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    const { port } = server.address() as AddressInfo;
    return {
      paths,
      options: options({
        probeGo: async () => 'absent',
        config: { envtestIndex: `http://127.0.0.1:${port}/index.yaml` },
      }),
    };
  }

  test('a folder of the user comes first, in its order, and only an executable file counts', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await Promise.all([mkdir(first), mkdir(second)]);
    await writeFile(join(first, 'etcd'), '', { mode: 0o644 });
    await writeFile(join(second, 'etcd'), '', { mode: 0o755 });
    const config = { programFolders: [first, second] };
    assert.equal(await findProgram('etcd', options({ config })), join(second, 'etcd'));
    await chmod(join(first, 'etcd'), 0o755);
    assert.equal(await findProgram('etcd', options({ config })), join(first, 'etcd'));
    assert.deepEqual(built, []);
  });

  test('builds once into the cache, by version, with progress; then finds it there', async () => {
    const path = await findProgram('etcd', options());
    assert.equal(path, join(folder, 'cache', `etcd-${PROGRAMS.etcd.version}`));
    assert.equal(await findProgram('etcd', options()), path);
    assert.deepEqual(built, ['etcd']);
    assert.match(log.join('\n'), /^go build etcd v[\d.]+ …\ngo build etcd v[\d.]+: done in \d+ s$/);
    assert.deepEqual(await readdir(join(folder, 'cache')), [`etcd-${PROGRAMS.etcd.version}`]);
  });

  test('a program of the testbed itself is another one when its sources change', async () => {
    const path = await findProgram('kstatus', options());
    assert.match(path, new RegExp(`/kstatus-${PROGRAMS.kstatus.version}-[0-9a-f]{12}$`));
    assert.equal(await findProgram('kstatus', options()), path);
    assert.deepEqual(built, ['kstatus']);
  });

  test('two that start at once build once, and the second says for whom it waits', async () => {
    const building = Promise.withResolvers<undefined>();
    const finish = Promise.withResolvers<undefined>();
    const build = async (program: Program, output: string): Promise<void> => {
      building.resolve(undefined);
      await finish.promise;
      built.push(program.name);
      await writeFile(output, '', { mode: 0o755 });
    };
    const first = findProgram('etcd', options({ build }));
    await building.promise;
    const waiting = Promise.withResolvers<undefined>();
    const second = findProgram('etcd', {
      ...options({ build }),
      log: (line) => {
        log.push(line);
        waiting.resolve(undefined);
      },
    });
    await waiting.promise;
    finish.resolve(undefined);
    assert.equal(await first, await second);
    assert.deepEqual(built, ['etcd']);
    assert.ok(
      log.includes(`process ${process.pid} is making etcd ${PROGRAMS.etcd.version}; waiting for it`),
      log.join('\n'),
    );
  });

  test('a failed build leaves nothing behind and is tried again', async () => {
    await assert.rejects(findProgram('etcd', options({ build: failingBuild })), /no space left/);
    assert.deepEqual(await readdir(join(folder, 'cache')), []);
    await findProgram('etcd', options());
    assert.deepEqual(built, ['etcd']);
  });

  test('what a killed build left behind is removed by the next one of the same program', async () => {
    const cache = join(folder, 'cache');
    await mkdir(join(cache, '.making-etcd.abc'), { recursive: true });
    await mkdir(join(cache, '.making-kubectl.abc'));
    await findProgram('etcd', options());
    assert.deepEqual((await readdir(cache)).toSorted(), ['.making-kubectl.abc', `etcd-${PROGRAMS.etcd.version}`]);
  });

  test('without go, a program that no archive holds is an error that says what to install', async () => {
    await assert.rejects(findProgram('cometbft', options({ probeGo: async () => 'absent' })), {
      name: 'ProgramNotFoundError',
      message:
        /^cometbft v[\d.]+ is in none of .*cache, and there is no go on the PATH.* Install Go 1\.26\.5 or newer, or put cometbft into a folder and name it in NODETASK_TESTBED_BIN$/,
    });
  });

  test('without go and without the index, the error names both and what to install', async () => {
    await assert.rejects(findProgram('etcd', options({ probeGo: async () => 'absent' })), {
      name: 'ProgramNotFoundError',
      message:
        /no go on the PATH.*the envtest archive did not give it either \(.+\)\. Install Go 1\.26\.5 or newer, or set KUBEBUILDER_ASSETS/,
    });
  });

  describe('from the envtest archive', () => {
    test('installs the program of the pinned version, executable, and finds it in the cache after that', async () => {
      const { version } = PROGRAMS.kubectl;
      const server = await serve(['v1.36.0', version, 'v1.36.9', 'v1.37.0']);
      const path = await findProgram('kubectl', server.options);
      assert.equal(path, join(folder, 'cache', `kubectl-envtest-${version}`));
      assert.equal(await readFile(path, 'utf8'), 'the kubectl');
      assert.equal((await stat(path)).mode & 0o777, 0o755);
      assert.equal(await findProgram('kubectl', server.options), path);
      assert.deepEqual(server.paths, ['/index.yaml', `/envtest-${version}-${SYSTEM}.tar.gz`]);
      assert.deepEqual(await readdir(join(folder, 'cache')), [`kubectl-envtest-${version}`]);
    });

    test('takes the newest patch of the same minor version when the pinned one was never published', async () => {
      const server = await serve(['v1.35.9', 'v1.36.2', 'v1.36.10', 'v1.37.0', 'v1.36.11-rc.1']);
      assert.equal(await findProgram('etcd', server.options), join(folder, 'cache', 'etcd-envtest-v1.36.10'));
    });

    test('installs nothing when the SHA-512 differs', async () => {
      const server = await serve([PROGRAMS.etcd.version, 'v1.36.3'], (hash) =>
        hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      );
      await assert.rejects(
        findProgram('etcd', server.options),
        /SHA-512 is [0-9a-f]{128}, the index says [0-9a-f]{128}; nothing was installed/,
      );
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    });

    test('an index without this minor version is an error that says what was wanted', async () => {
      const server = await serve(['v1.30.0']);
      await assert.rejects(findProgram('etcd', server.options), /wanted v1\.36\.3 or another v1\.36\.x/);
    });
  });
});
