import { constants, copyFile, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun, runCommand } from '@nodetask/testbed';
import { root } from '../steps.ts';
import { setModes } from './set-modes.ts';

/** What a program needs to know of its user, and how names are looked up. */
const etc: Readonly<Record<string, string>> = {
  passwd: 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n',
  group: 'root:x:0:\nnonroot:x:65532:\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/**
 * Lays out the files of a base image below `folder`: the Node.js of the lockfile, the libraries that ldd names, which are those of this
 * Debian, and their licences. As in distroless images, `/var/lib/dpkg/status.d` tells scanners which packages the libraries are of.
 * @returns the version of Node.js
 */
export const stageBase = async (folder: string): Promise<string> => {
  const nodeFolder = join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
  const node = join(nodeFolder, 'bin', 'node');
  const put = async (source: string, target: string): Promise<void> => {
    const path = join(folder, target);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(source, path, constants.COPYFILE_FICLONE);
  };
  await put(node, 'nodejs/bin/node');
  await put(join(nodeFolder, 'LICENSE'), 'usr/share/doc/nodejs/copyright');
  const packages = new Set<string>();
  for (const library of await librariesOf(node)) {
    await put(library, library);
    packages.add(await packageOf(library));
  }
  for (const name of packages) {
    await put(`/usr/share/doc/${name}/copyright`, `usr/share/doc/${name}/copyright`);
    await mkdir(join(folder, 'var/lib/dpkg/status.d'), { recursive: true });
    await writeFile(join(folder, 'var/lib/dpkg/status.d', name), (await mustRun('dpkg-query', ['-s', name])).stdout);
  }
  await mkdir(join(folder, 'etc'));
  for (const [name, text] of Object.entries(etc)) await writeFile(join(folder, 'etc', name), text);
  await setModes(folder);
  const { version } = JSON.parse(await readFile(join(nodeFolder, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return version;
};

/** As the loader looks for them, itself included. https://man7.org/linux/man-pages/man1/ldd.1.html */
const librariesOf = async (program: string): Promise<readonly string[]> => {
  const { stdout } = await mustRun('ldd', [program]);
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1];
  if (missing !== undefined) throw new Error(`${program} needs ${missing}, which is not installed on this machine`);
  return [...stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? '').toSorted();
};

/** Debian's package of a file. dpkg knows some files by a path that is now a link into /usr. */
const packageOf = async (path: string): Promise<string> => {
  const real = await realpath(path);
  for (const known of [path, real, real.replace(/^\/usr(?=\/lib)/, '')]) {
    const { code, stdout } = await runCommand('dpkg-query', ['-S', known]);
    if (code === 127) break;
    const name = /^([^:,\s]+)/.exec(stdout)?.[1];
    if (code === 0 && name !== undefined) return name;
  }
  throw new Error(
    `no Debian package holds ${path}: a base image can be made from parts on Debian and its kin only; name one with --base`,
  );
};
