import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle, bundleFolder, type Program } from '../bundle.ts';
import { readSbom, sbomWithNode, writeSbom } from '../sbom.ts';
import { root } from '../steps.ts';
import { stageBase } from './base-from-parts.ts';
import { ImageStore } from './image-store.ts';
import { setModes } from './set-modes.ts';

export const imagePrograms: readonly Program[] = ['agent', 'operator'];

export interface BuiltImage {
  readonly program: Program;
  readonly reference: string;
  /** Digest of the configuration. */
  readonly id: string;
  /** docker-archive. */
  readonly archive: string;
}

export interface ImageOptions {
  /** Where the archives, bills of materials and licences go; made if need be. */
  readonly output: string;
  /** Any image with Node.js 26 and glibc (default: one made from parts, without a registry). */
  readonly base?: string;
}

/** Names the image of a program as the archives have it. */
export const imageReference = (program: Program, version: string): string => `localhost/nodetask-${program}:${version}`;

/** Builds the images of agent and operator and writes `nodetask-<program>.tar`, `.sbom.cdx.json` and `.LICENCES.txt` of each. */
export const buildImages = async (options: ImageOptions): Promise<readonly BuiltImage[]> => {
  const work = await mkdtemp(join(tmpdir(), 'nodetask-images-'));
  try {
    return await buildImagesIn(work, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

/** As buildImages(); the images stay in an ImageStore in `work`. */
export const buildImagesIn = async (work: string, { output, base }: ImageOptions): Promise<readonly BuiltImage[]> => {
  await mkdir(output, { recursive: true });
  const store = await ImageStore.open(work);
  const on: Base = base === undefined ? await buildBase(store, work) : { reference: base };
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const images: BuiltImage[] = [];
  for (const program of imagePrograms) {
    const context = join(work, program);
    const reference = imageReference(program, version);
    await stageBundle(program, join(context, 'bundle'), on.node);
    await store.build({
      reference,
      dockerfile: join(root, 'images', program, 'Dockerfile'),
      context,
      args: { BASE: on.reference, VERSION: version },
    });
    const archive = join(output, `nodetask-${program}.tar`);
    await store.save(reference, archive);
    for (const file of ['sbom.cdx.json', 'LICENCES.txt'])
      await copyFile(join(context, 'bundle', file), join(output, `nodetask-${program}.${file}`));
    images.push({ program, reference, id: await store.imageID(reference), archive });
  }
  return images;
};

interface Base {
  readonly reference: string;
  /** Version of its Node.js, where that is known. */
  readonly node?: string;
}

const buildBase = async (store: ImageStore, work: string): Promise<Base> => {
  const context = join(work, 'base');
  const node = await stageBase(join(context, 'root'));
  const reference = `localhost/nodetask-base:${node}`;
  await store.build({ reference, dockerfile: join(root, 'images', 'base', 'Dockerfile'), context });
  return { reference, node };
};

/**
 * Puts what the image holds into `folder`. Without source maps: with the first error Node.js would read those of its whole stack, 100 ms and
 * 35 MB for undici's alone; who has a trace to read makes the same bundle, with maps, from the sources of that version.
 */
const stageBundle = async (program: Program, folder: string, node: string | undefined): Promise<void> => {
  // The names of the parts depend on where they are below the root: as deep as the bundle of `npm run build`, but a folder of its own.
  // A fresh clone has built nothing yet.
  await mkdir(dirname(bundleFolder(program)), { recursive: true });
  const made = await mkdtemp(`${bundleFolder(program)}-`);
  try {
    await bundle(program, made);
    // What the base image holds is for its own bill of materials to say.
    if (node !== undefined) await writeSbom(made, sbomWithNode(await readSbom(made), node));
    await mkdir(folder, { recursive: true });
    for (const file of (await readdir(made)).filter((name) => !name.endsWith('.map')))
      await copyFile(join(made, file), join(folder, file));
    await setModes(folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
};
