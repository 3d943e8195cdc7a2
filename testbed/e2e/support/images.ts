// The images of a test: NodeTask's own, and those of what is beside it, which are one static program each.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { findPrograms } from '../../src/programs/find-program.ts';
import type { RealNode } from '../../src/real-node/real-node.ts';
import { writeScratchImage } from '../../src/real-node/scratch-image.ts';

/** Needed outside of the namespaces too, where they can be made. */
export const PROGRAMS_OF_IMAGES = ['cometbft', 'cometbft-e2e-node', 'versitygw'] as const;

/** Where `npm run e2e` has put an image of NodeTask. */
export const builtImage = (program: 'agent' | 'operator'): string => {
  const { imageFolder } = loadConfig();
  if (imageFolder === undefined) throw new Error('there are no images: npm run e2e builds them');
  return join(imageFolder, `nodetask-${program}.tar`);
};

/** Loads every image that the manifests of this folder name. */
export const loadImages = async (node: RealNode): Promise<void> => {
  for (const program of ['operator', 'agent'] as const) await node.loadImage(builtImage(program));
  const programs = await findPrograms(PROGRAMS_OF_IMAGES);
  for (const [name, path] of [
    ['chain', programs['cometbft-e2e-node']],
    ['s3', programs.versitygw],
  ] as const) {
    const work = join(node.folder, `image-${name}`);
    await mkdir(work);
    const archive = join(node.folder, `${name}.tar`);
    const program = `/bin/${name}`;
    await writeScratchImage(
      { reference: `localhost/${name}:1`, files: { [program]: path }, entrypoint: [program] },
      archive,
      work,
    );
    await node.loadImage(archive);
  }
};
