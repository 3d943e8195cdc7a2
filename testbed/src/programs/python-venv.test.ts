import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { FindVenvOptions } from './python-venv.ts';
import { findVenv } from './python-venv.ts';

/** Stands for python3: answers its version, and makes an environment that is an empty file. */
const PYTHON = `#!/bin/sh
if [ "$1" = -c ]; then echo VERSION; exit 0; fi
mkdir -p "$3/bin" && : > "$3/bin/python"
`;

describe('python environment', { timeout: 30_000 }, () => {
  let folder = '';
  let log: string[] = [];
  let installed: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'python-venv-'));
    log = [];
    installed = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function options(version: string, changes: FindVenvOptions = {}): Promise<FindVenvOptions> {
    const python = join(folder, `python-${version}`);
    await writeFile(python, PYTHON.replace('VERSION', version), { mode: 0o755 });
    return {
      config: {
        programFolders: [],
        systemFolders: [],
        cacheFolder: join(folder, 'cache'),
        envtestIndex: 'http://127.0.0.1:1/none.yaml',
        tempRoot: folder,
        keepFolders: false,
      },
      log: (line) => log.push(line),
      python,
      install: async (_python, requirements) => {
        installed.push(requirements);
      },
      ...changes,
    };
  }

  test('is made once for each Python, with progress', async () => {
    const path = await findVenv('moto', await options('3.13.2'));
    assert.match(path, /cache\/venv-moto-python3\.13\.2-[0-9a-f]{12}\/bin\/python$/);
    assert.equal(await findVenv('moto', await options('3.13.2')), path);
    assert.equal(installed.length, 1);
    assert.match(installed[0] ?? '', /testbed\/python\/moto\.txt$/);
    assert.match(log.join('\n'), /^python packages of moto …\npython packages of moto: done in \d+ s$/);
    assert.notEqual(await findVenv('moto', await options('3.13.3')), path);
    assert.equal((await readdir(join(folder, 'cache'))).length, 2);
  });

  test('of two that start at once only one installs', async () => {
    const both = await options('3.13.2');
    const [first, second] = await Promise.all([findVenv('moto', both), findVenv('moto', both)]);
    assert.equal(first, second);
    assert.equal(installed.length, 1);
  });

  test('a failed installation leaves nothing behind and is tried again', async () => {
    const failing = await options('3.13.2', {
      install: async () => {
        throw new Error('no such index');
      },
    });
    await assert.rejects(findVenv('moto', failing), /no such index/);
    assert.deepEqual(await readdir(join(folder, 'cache')), []);
    await findVenv('moto', await options('3.13.2'));
    assert.equal(installed.length, 1);
  });

  test('without python3 the error says what to install', async () => {
    await assert.rejects(findVenv('moto', { ...(await options('3.13.2')), python: 'no-such-python' }), {
      name: 'ProgramNotFoundError',
      message:
        'there is no no-such-python on the PATH. moto needs Python 3.11 or newer with venv and pip: install python3 and python3-venv',
    });
  });

  test('a Python that is too old, or has no venv, is an error that says what to install', async () => {
    await assert.rejects(findVenv('moto', await options('3.10.14')), /is Python 3\.10\.14\. moto needs Python 3\.11/);
    await assert.rejects(findVenv('moto', await options('2.11.0')), /is Python 2\.11\.0\. moto needs Python 3\.11/);
    await mkdir(join(folder, 'bin'));
    const broken = join(folder, 'bin', 'python3');
    await writeFile(broken, '#!/bin/sh\necho "No module named ensurepip" >&2\nexit 1\n', { mode: 0o755 });
    await assert.rejects(
      findVenv('moto', { ...(await options('3.13.2')), python: broken }),
      /cannot make an environment\. .* install python3 and python3-venv\nNo module named ensurepip/,
    );
  });
});
