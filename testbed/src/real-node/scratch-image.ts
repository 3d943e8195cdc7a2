// Images out of nothing but static programs, written by hand as `docker save` writes them: for what runs in pods beside NodeTask.
// https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../process/run-command.ts';

export interface ScratchImage {
  /** Name and tag: localhost/pause:1 */
  readonly reference: string;
  /** Files of this machine by their path in the image. */
  readonly files: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  /** uid:gid */
  readonly user?: string;
}

/** Writes the image to `archive`. `work` is an empty folder, which the caller removes. */
export async function writeScratchImage(image: ScratchImage, archive: string, work: string): Promise<void> {
  const root = join(work, 'root');
  for (const [path, source] of Object.entries(image.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(source, join(root, path));
  }
  const layer = join(work, 'layer.tar');
  await tar(layer, root, ['.']);
  const digest = createHash('sha256')
    .update(await readFile(layer))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: image.entrypoint, ...(image.user === undefined ? {} : { User: image.user }) },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [image.reference], Layers: ['layer.tar'] }];
  await writeFile(join(work, 'config.json'), JSON.stringify(config));
  await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
  await tar(archive, work, ['manifest.json', 'config.json', 'layer.tar']);
}

async function tar(output: string, folder: string, names: readonly string[]): Promise<void> {
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go+rX,go-w'];
  await mustRun('tar', ['--create', `--file=${output}`, `--directory=${folder}`, ...owner, ...names]);
}
