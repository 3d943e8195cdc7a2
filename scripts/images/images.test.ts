import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, globSync } from 'node:fs';
import { chown, glob, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { freePort, installCustomResources, startControlPlane, waitFor } from '@nodetask/testbed';
import { nodeOptions } from '../bundle.ts';
import { readSbom } from '../sbom.ts';
import { root as project } from '../steps.ts';
import { buildImagesIn, type BuiltImage, imagePrograms } from './build-images.ts';
import { cannotBuildImages } from './cannot-build.ts';
import { type ImageDescription, ImageStore } from './image-store.ts';
import { container, runContainer } from './testing/container.ts';

/** The images as a cluster runs them: read-only, without capabilities, as a user who owns nothing. */

const packages = ['libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'];
/** Everything in an image but the files of its bundle, without the names that differ from one architecture to the next. */
const baseFiles = [
  'etc/group',
  'etc/nsswitch.conf',
  'etc/passwd',
  'nodejs/bin/node',
  'usr/share/doc/nodejs/copyright',
  ...packages.flatMap((name) => [`usr/share/doc/${name}/copyright`, `var/lib/dpkg/status.d/${name}`]),
  ...['ld-linux', 'libatomic', 'libc', 'libdl', 'libgcc_s', 'libm', 'libpthread', 'libstdc++'].map(
    (name) => `lib/${name}`,
  ),
];

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

describe('images', { skip: cannotBuildImages(), timeout: 600_000 }, () => {
  let folder = '';
  let images: readonly BuiltImage[] = [];
  /** Of each program: its image, unpacked. */
  const unpacked = new Map<string, ImageDescription & { readonly root: string }>();
  const of = (program: string): ImageDescription & { readonly root: string } => {
    const image = unpacked.get(program);
    assert.ok(image !== undefined);
    return image;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodetask-images-test-'));
    const work = join(folder, 'store');
    await mkdir(work);
    images = await buildImagesIn(work, { output: join(folder, 'first') });
    const store = await ImageStore.open(work);
    for (const { program, reference } of images)
      unpacked.set(program, { ...(await store.describe(reference)), root: await store.mount(reference) });
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  test('two builds are the same, bit by bit, whatever the umask', async () => {
    const umask = process.umask(0o077);
    const work = join(folder, 'second-store');
    await mkdir(work);
    const again = await buildImagesIn(work, { output: join(folder, 'second') });
    process.umask(umask);
    assert.equal(again.length, imagePrograms.length);
    for (const [index, { program, id, archive }] of again.entries()) {
      assert.equal(id, images[index]?.id, program);
      assert.equal(await hashOf(archive), await hashOf(images[index]?.archive ?? ''), program);
    }
    await rm(work, { recursive: true });
  });

  test('docs/images.md names the files that are written, and paths that are in the images', async () => {
    const page = await readFile(join(project, 'docs', 'images.md'), 'utf8');
    const written = [...page.matchAll(/^\| `nodetask-<program>\.([\w.]+)`/gm)].map((match) => match[1]);
    const files = await readdir(join(folder, 'first'));
    assert.deepEqual(
      files.toSorted(),
      imagePrograms.flatMap((program) => written.map((end) => `nodetask-${program}.${String(end)}`)).toSorted(),
    );
    const paths = [...page.matchAll(/`(\/(?:app|nodejs|lib|usr|etc|var)[^`]*)`/g)].map((match) => match[1] ?? '');
    assert.ok(paths.length > 8);
    for (const path of paths.filter((each) => each !== '/etc/passwd')) {
      assert.ok(globSync(path.slice(1), { cwd: of('agent').root }).length > 0, path);
    }
  });

  for (const program of imagePrograms) {
    test(`the ${program} runs as 65532 with the options of its bundle, and says what it is`, () => {
      const { config, created, os } = of(program);
      assert.equal(config.User, '65532:65532');
      assert.deepEqual(config.Entrypoint, ['node', ...nodeOptions[program], '/app/main.js']);
      assert.equal(config.Cmd, undefined);
      assert.deepEqual(
        Object.keys(config.ExposedPorts ?? {}),
        program === 'agent' ? ['7777/tcp', '7778/tcp'] : ['8080/tcp', '9443/tcp'],
      );
      const { 'org.opencontainers.image.description': description, ...labels } = config.Labels ?? {};
      assert.match(description ?? '', /^\w.{20,80}\w$/);
      assert.deepEqual(labels, {
        'org.opencontainers.image.title': `nodetask-${program}`,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': '0.1.0',
      });
      assert.equal(created, '1970-01-01T00:00:00Z');
      assert.equal(os, 'linux');
    });

    test(`the image of the ${program} holds Node.js, its libraries, the bundle, and no file more`, async () => {
      const { root } = of(program);
      const files: string[] = [];
      for await (const entry of glob('**', { cwd: root, withFileTypes: true })) {
        if (!entry.isDirectory()) files.push(join(entry.parentPath, entry.name).slice(root.length + 1));
      }
      const plain = files
        .filter((file) => !file.startsWith('app/'))
        .map((file) => file.replace(/^lib(?:\d\d)?\/(?:[\w-]+\/)?(ld-linux|[\w+]+)[.-].*$/, 'lib/$1'));
      assert.deepEqual(plain.toSorted(), baseFiles.toSorted());
      const app = files.filter((file) => file.startsWith('app/')).map((file) => file.slice('app/'.length));
      for (const file of ['main.js', 'LICENCES.txt', 'sbom.cdx.json']) assert.ok(app.includes(file), file);
      assert.deepEqual(
        app.filter(
          (file) =>
            !/^(?:[\w-]+\.js(?:\.LEGAL\.txt)?|classic-level[\w.-]*\.node|LICENCES\.txt|sbom\.cdx\.json)$/.test(file),
        ),
        [],
      );
    });

    test(`the bill of materials of the ${program} lists Node.js as it runs`, async () => {
      const { config, root } = of(program);
      const { components } = await readSbom(join(root, 'app'));
      const { stdout, stderr } = await runContainer(join(folder, 'version'), {
        root,
        config,
        command: ['node'],
        args: ['--version'],
      });
      assert.equal(components.find(({ name }) => name === 'node')?.version, stdout.trim().slice(1), stderr);
      assert.equal(
        await hashOf(join(root, 'app', 'sbom.cdx.json')),
        await hashOf(join(folder, 'first', `nodetask-${program}.sbom.cdx.json`)),
      );
    });

    test(`the ${program} answers --help without a writable file, a capability, or a right to its own`, async () => {
      const { config, root } = of(program);
      const { code, stdout, stderr } = await runContainer(join(folder, 'help'), {
        root,
        config,
        args: ['--help'],
      });
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Usage: nodetask-${program} `));
      const look = `
        const { writeFileSync, readFileSync } = require('node:fs');
        const refused = (path) => { try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
        const capabilities = readFileSync('/proc/self/status', 'utf8').match(/^Cap.*$/gm).map((line) => line.split('\\t')[1]);
        console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
          user: require('node:os').userInfo().username, capabilities: [...new Set(capabilities)],
          writes: ['/x', '/app/main.js', '/tmp/x'].map(refused) }));`;
      const seen = await runContainer(join(folder, 'look'), {
        root,
        config,
        command: ['node'],
        args: ['-e', look],
      });
      assert.deepEqual(JSON.parse(seen.stdout), {
        uid: 65532,
        gid: 65532,
        groups: [65532],
        user: 'nonroot',
        capabilities: ['0000000000000000'],
        writes: ['EROFS', 'EROFS', 'ENOENT'],
      });
    });
  }

  test('the agent serves, changes the files of the node, and stops on SIGTERM as the first process', async () => {
    const { config, root } = of('agent');
    const home = join(folder, 'home');
    await mkdir(join(home, 'config'), { recursive: true });
    await writeFile(join(home, 'config', 'config.toml'), 'moniker = "old" # kept\n');
    for (const path of [home, join(home, 'config'), join(home, 'config', 'config.toml')])
      await chown(path, 65532, 65532);
    await using agent = container(join(folder, 'agent'), {
      root,
      config,
      env: { NODETASK_LISTEN: '127.0.0.1:0' },
      mounts: [{ source: home, destination: '/sei' }],
    });
    await agent.launch();
    const url = `http://127.0.0.1:${String(await loggedPort(agent.log.bind(agent)))}/v0`;
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const submitted = await fetch(`${url}/tasks`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'config-patch', params: { files: { 'config.toml': { moniker: 'new' } } } }),
    });
    const { id } = (await submitted.json()) as { readonly id: string };
    // The stream ends with the task.
    await (await fetch(`${url}/tasks/${id}/watch`)).text();
    assert.equal(await readFile(join(home, 'config', 'config.toml'), 'utf8'), 'moniker = "new" # kept\n');
    assert.deepEqual(await agent.stop(), { code: 0, signal: null }, await agent.log());
  });

  test('the operator serves with a real API server, and stops on SIGTERM as the first process', async () => {
    const { config, root } = of('operator');
    await using controlPlane = await startControlPlane({ controllerManager: false });
    await installCustomResources(controlPlane.admin);
    const files = join(folder, 'kube');
    await mkdir(files);
    await writeFile(join(files, 'ca.crt'), await readFile(controlPlane.caFile));
    await writeFile(
      join(files, 'config'),
      (await readFile(controlPlane.adminKubeconfig, 'utf8')).replace(controlPlane.caFile, '/kube/ca.crt'),
      { mode: 0o644 },
    );
    const listen = `127.0.0.1:${String(await freePort())}`;
    await using operator = container(join(folder, 'operator'), {
      root,
      config,
      args: ['--kubeconfig', '/kube/config', '--lease-namespace', 'default', '--listen', listen],
      mounts: [{ source: files, destination: '/kube' }],
    });
    await operator.launch();
    let last = '';
    await waitFor(
      async () => {
        try {
          const response = await fetch(`http://${listen}/readyz`);
          last = `HTTP ${String(response.status)} ${await response.text()}`;
          return response.status === 200;
        } catch (error) {
          last = String(error);
          return false;
        }
      },
      { what: `http://${listen}/readyz to answer 200`, timeoutMs: 30_000, detail: () => last },
    );
    assert.deepEqual(await operator.stop(), { code: 0, signal: null }, await operator.log());
  });
});

/** The port in the line that tells of it. */
const loggedPort = async (log: () => Promise<string>): Promise<number> =>
  waitFor(
    async () => {
      const port = /"message":"listening".*?"port":(\d+)/.exec(await log())?.[1];
      return port === undefined ? undefined : Number(port);
    },
    { what: 'a program to log the port that it listens on', timeoutMs: 30_000 },
  );
