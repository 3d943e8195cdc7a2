import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Credentials } from './cluster-access.ts';
import { loadKubeConfig } from './load-kube-config.ts';

const folderOf = async (context: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-kubeconfig-'));
  context.after(async () => rm(folder, { recursive: true, force: true }));
  return folder;
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const kubeconfig = (user: object, cluster: object = {}, context: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', ...context } }],
    clusters: [{ name: 'k', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
  });

test('token, CA, server name, namespace and impersonation of a kubeconfig', async (context) => {
  const folder = await folderOf(context);
  const file = join(folder, 'config');
  await writeFile(join(folder, 'ca.crt'), 'CA from a file');
  await writeFile(
    file,
    kubeconfig(
      { token: 'secret', as: 'somebody' },
      { 'certificate-authority': 'ca.crt', 'tls-server-name': 'kube' },
      { namespace: 'sei' },
    ),
  );
  const access = await loadKubeConfig({ kubeconfig: file });
  assert.deepEqual([access.server, access.namespace], ['https://127.0.0.1:6443', 'sei']);
  assert.deepEqual(await access.readCredentials(false), {
    headers: { authorization: 'Bearer secret', 'impersonate-user': 'somebody' },
    tls: { ca: 'CA from a file', serverName: 'kube' },
  });
  await writeFile(join(folder, 'ca.crt'), 'another CA');
  assert.equal((await access.readCredentials(false)).tls.ca, 'another CA', 'the CA may change');
});

test('client certificates and the CA as base64; insecure only when it says so', async (context) => {
  const file = join(await folderOf(context), 'config');
  await writeFile(
    file,
    kubeconfig(
      { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
      { 'insecure-skip-tls-verify': true },
    ),
  );
  const access = await loadKubeConfig({ kubeconfig: file });
  assert.deepEqual(await access.readCredentials(false), {
    headers: {},
    tls: { cert: 'cert', key: 'key', rejectUnauthorized: false },
  });
});

test('rule 2: a token file is read each time; a file that is gone is an error, not a crash', async (context) => {
  const folder = await folderOf(context);
  const file = join(folder, 'config');
  const token = join(folder, 'token');
  await writeFile(file, kubeconfig({ tokenFile: 'token' }));
  await writeFile(token, 'first\n');
  const access = await loadKubeConfig({ kubeconfig: file });
  assert.equal((await access.readCredentials(false)).headers['authorization'], 'Bearer first');
  await writeFile(token, 'second');
  assert.equal((await access.readCredentials(false)).headers['authorization'], 'Bearer second');
  await rm(token);
  await assert.rejects(access.readCredentials(false), /ENOENT/);
});

test('rule 2: an exec plugin is asked again when fresh credentials are needed, and its failure is an error', async (context) => {
  const folder = await folderOf(context);
  const file = join(folder, 'config');
  const plugin = join(folder, 'plugin.cjs');
  const count = join(folder, 'count');
  await writeFile(count, '0');
  await writeFile(
    plugin,
    `const fs = require('node:fs');
    const runs = Number(fs.readFileSync(${JSON.stringify(count)}, 'utf8')) + 1;
    fs.writeFileSync(${JSON.stringify(count)}, String(runs));
    if (runs === 3) { console.error('the identity provider is away'); process.exit(1); }
    console.log(JSON.stringify({ status: { token: 'token-' + runs } }));`,
  );
  await writeFile(
    file,
    kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [plugin] } }),
  );
  const access = await loadKubeConfig({ kubeconfig: file });
  const read = async (fresh: boolean): Promise<string | undefined> =>
    (await access.readCredentials(fresh)).headers['authorization'];
  assert.equal(await read(false), 'Bearer token-1');
  assert.equal(await read(false), 'Bearer token-1');
  assert.equal(await read(true), 'Bearer token-2');
  await assert.rejects(read(true), /the identity provider is away/);
  assert.equal(await read(true), 'Bearer token-4');
});

test('paths of a kubeconfig are from its own folder, that of an exec plugin as well; a bare command is one of PATH', async (context) => {
  const folder = await folderOf(context);
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'plugin'), '#!/bin/sh\necho \'{"status":{"token":"from the plugin"}}\'\n', {
    mode: 0o755,
  });
  for (const name of ['ca.crt', 'tls.crt', 'tls.key']) await writeFile(join(folder, name), name);
  const readWith = async (command: string): Promise<Credentials> => {
    const file = join(folder, 'config');
    await writeFile(
      file,
      kubeconfig(
        {
          exec: { apiVersion: 'client.authentication.k8s.io/v1', command },
          'client-certificate': './tls.crt',
          'client-key': 'tls.key',
        },
        { 'certificate-authority': 'ca.crt' },
      ),
    );
    return (await loadKubeConfig({ kubeconfig: relative(process.cwd(), file) })).readCredentials(false);
  };
  for (const command of ['./bin/plugin', 'bin/plugin', '../' + basename(folder) + '/bin/plugin']) {
    assert.deepEqual(
      await readWith(command),
      {
        headers: { authorization: 'Bearer from the plugin' },
        tls: { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' },
      },
      command,
    );
  }
  await writeFile(
    join(folder, 'plugin-of-path'),
    '#!/bin/sh\necho \'{"status":{"token":"beside the kubeconfig"}}\'\n',
    {
      mode: 0o755,
    },
  );
  await assert.rejects(readWith('plugin-of-path'), /spawn.* plugin-of-path ENOENT/);
});

test('several files are merged, the first current context wins', async (context) => {
  const folder = await folderOf(context);
  const [first, second] = [join(folder, 'a'), join(folder, 'b')];
  await writeFile(first, kubeconfig({ token: 'first' }));
  await writeFile(
    second,
    kubeconfig({ token: 'second' }).replaceAll('"c"', '"c2"').replaceAll('"k"', '"k2"').replaceAll('"u"', '"u2"'),
  );
  const access = await loadKubeConfig({ kubeconfig: `${first}:${second}` });
  assert.equal((await access.readCredentials(false)).headers['authorization'], 'Bearer first');
});

test('what is wrong with a kubeconfig is said with its name', async (context) => {
  const folder = await folderOf(context);
  const file = join(folder, 'config');
  await assert.rejects(loadKubeConfig({ kubeconfig: file }), /config: ENOENT/);
  await writeFile(file, '{"clusters": [{}]}');
  await assert.rejects(loadKubeConfig({ kubeconfig: file }), /clusters\[0\]/);
  await writeFile(file, '{}');
  await assert.rejects(
    loadKubeConfig({ kubeconfig: file }),
    /current context "" names no cluster; set current-context/,
  );
  await writeFile(file, kubeconfig({}, { 'proxy-url': 'http://proxy' }));
  await assert.rejects(loadKubeConfig({ kubeconfig: file }), /proxy-url http:\/\/proxy is not supported/);
});
