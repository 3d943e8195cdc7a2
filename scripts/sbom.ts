import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cyclonedxEsbuildPlugin } from '@cyclonedx/cyclonedx-esbuild';
import type * as esbuild from 'esbuild';
import { nativeParts } from './native-parts.ts';

/** Name of the file beside the bundle; https://cyclonedx.org/specification/overview/ (recognized file patterns). */
export const sbomFile = 'sbom.cdx.json';

/** A part of a bill of materials; the members that are read here. https://cyclonedx.org/docs/1.6/json/#components */
export interface SbomComponent {
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  /** `excluded` where esbuild has left all of it out. */
  readonly scope?: string;
  readonly 'bom-ref': string;
  readonly [member: string]: unknown;
}

export interface Sbom {
  readonly metadata: { readonly component: SbomComponent; readonly [member: string]: unknown };
  readonly components: readonly SbomComponent[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  readonly [member: string]: unknown;
}

/** Writes the bill of materials of a bundle: what esbuild has linked, without times and random numbers. */
export const sbomPlugin = (): esbuild.Plugin =>
  cyclonedxEsbuildPlugin({
    outputFile: sbomFile,
    specVersion: '1.6',
    outputReproducible: true,
    validate: true,
    // It throws where something is wrong.
    logLevel: 'silent',
  });

/** Whose the bundle is: the plugin names the root of the workspaces as the main component, and lists modules that no package holds. */
export const sbomOfProgram = (sbom: Sbom, program: string): Sbom => {
  const main = sbom.components.find(({ group, name }) => group === '@nodetask' && name === program);
  if (main === undefined) throw new Error(`the bill of materials of the ${program} lists no @nodetask/${program}`);
  const { scope: _, ...component } = main;
  const components = sbom.components.filter(
    (each) => each !== main && each.purl !== undefined && each.scope !== 'excluded',
  );
  const refs = new Set([main, ...components].map((each) => each['bom-ref']));
  return withNativeParts({
    ...sbom,
    metadata: { ...sbom.metadata, component: { ...component, type: 'application' } },
    components,
    dependencies: sbom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({
        ref,
        ...(dependsOn === undefined ? {} : { dependsOn: dependsOn.filter((each) => refs.has(each)) }),
      })),
  });
};

/** With the libraries that are compiled into its packages. */
const withNativeParts = (sbom: Sbom): Sbom => {
  const names = new Set(sbom.components.map(({ name }) => name));
  const parts = nativeParts.filter((part) => names.has(part.of));
  const refsOf = (component: SbomComponent | undefined): readonly string[] =>
    parts.filter((part) => part.of === component?.name).map(({ purl }) => purl);
  return {
    ...sbom,
    components: [
      ...sbom.components,
      ...parts.map(({ name, version, licence, purl }) => ({
        type: 'library',
        'bom-ref': purl,
        name,
        version,
        licenses: [{ license: { id: licence } }],
        purl,
      })),
    ],
    dependencies: sbom.dependencies.map(({ ref, dependsOn = [] }) => {
      const linked = refsOf(sbom.components.find((each) => each['bom-ref'] === ref));
      return dependsOn.length + linked.length === 0 ? { ref } : { ref, dependsOn: [...dependsOn, ...linked] };
    }),
  };
};

/** With Node.js itself, for an image. */
export const sbomWithNode = (sbom: Sbom, version: string): Sbom => ({
  ...sbom,
  components: [
    ...sbom.components,
    {
      type: 'platform',
      'bom-ref': `node@${version}`,
      name: 'node',
      version,
      licenses: [{ license: { id: 'MIT' } }],
      // By this name scanners know Node.js. https://nvd.nist.gov/products/cpe
      cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
      purl: `pkg:generic/node@${version}`,
    },
  ],
});

export const readSbom = async (folder: string): Promise<Sbom> =>
  JSON.parse(await readFile(join(folder, sbomFile), 'utf8')) as Sbom;

export const writeSbom = (folder: string, sbom: Sbom): Promise<void> =>
  writeFile(join(folder, sbomFile), `${JSON.stringify(sbom, undefined, 1)}\n`);
