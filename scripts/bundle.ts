import { rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { licencesOf } from './licences.ts';
import { readSbom, sbomOfProgram, sbomPlugin, writeSbom } from './sbom.ts';
import { root } from './steps.ts';

/** A workspace whose src/main.ts is a program. */
export type Program = 'agent' | 'operator';

/** Programs of threads and of processes that the program starts. */
const started: Readonly<Record<Program, readonly string[]>> = {
  agent: [
    'tasks/snapshot-restore/unpack-thread.ts',
    'tasks/config-patch/edit-thread.ts',
    'tasks/snapshot/metadata-store/store-process.ts',
  ],
  operator: [],
};

/**
 * How Node.js is to be started with a bundle. V8 counts memory outside its heap, and with a heap as small as the agent's takes the buffers of a
 * transfer for a reason to collect, ten times a second: so the young generation has a fixed, small size and the old one room before the first
 * collection. What is idle takes no more for that (docs/adr/0006). The operator's young generation would take up to 48 MB at a burst of tasks, and
 * gets no faster by it.
 */
export const nodeOptions: Readonly<Record<Program, readonly string[]>> = {
  agent: ['--min-semi-space-size=2', '--max-semi-space-size=2', '--initial-old-space-size=64'],
  operator: ['--max-semi-space-size=8'],
};

/** Where the bundle of a program is: main.js and what it loads, with nothing needed beside it but Node.js. */
export const bundleFolder = (program: Program): string => join(root, program, 'dist', 'bundle');

/**
 * What dependencies load at their start although neither program calls it; it is most of what they cost. A call would throw.
 * https://esbuild.github.io/plugins/#on-resolve
 */
const unused: readonly { readonly by: RegExp; readonly path: RegExp; readonly source: string }[] = [
  // Error messages in 60 languages.
  { by: /\/zod\//, path: /^\.\.\/locales\/index\.js$/, source: 'export {}' },
  // Tables of 100 character sets; the agent reads bodies itself.
  { by: /\/express\//, path: /^body-parser$/, source: 'module.exports = {}' },
  // Static files, and the syntax of nested queries.
  { by: /\/express\//, path: /^(?:send|serve-static|qs)$/, source: 'module.exports = {}' },
  // All media types that there are: of those that are answered, only JSON has to be looked up, for its charset.
  {
    by: /\/mime-types\//,
    path: /^mime-db$/,
    source: 'module.exports = { "application/json": { charset: "UTF-8", extensions: ["json"] } }',
  },
  // The default metrics, with an OpenTelemetry API; a client that pushes; the metrics of a cluster of processes.
  { by: /\/prom-client\//, path: /^\.\/lib\/(?:defaultMetrics|pushgateway|cluster)$/, source: 'module.exports = {}' },
];

/**
 * Parts that are loaded at the start too and yet become files of their own: to parse a file, V8 takes memory in proportion to what the file
 * does when it is loaded, and malloc does not always give that back.
 */
const parts: Readonly<Record<Program, readonly string[]>> = {
  agent: ['engine/engine.ts', 'server/listen.ts', 'tasks/handlers.ts', 'tasks/config/registry.ts'],
  operator: [],
};

const leaveUnusedOut: esbuild.Plugin = {
  name: 'leave-unused-out',
  setup: (build) => {
    build.onResolve({ filter: /./ }, ({ importer, path }) => {
      const index = unused.findIndex((module) => module.by.test(importer) && module.path.test(path));
      return index < 0 ? undefined : { path, namespace: 'unused', pluginData: index };
    });
    build.onLoad({ filter: /./, namespace: 'unused' }, ({ pluginData }) => ({
      contents: unused[pluginData as number]?.source ?? '',
    }));
  },
};

/**
 * Modules of Node.js as `require` gives them. An `import` of one reads each of its exports, and some of these load large parts of
 * Node.js when they are read (`WebSocket` of node:http, `webcrypto` of node:crypto).
 */
const plainBuiltins: esbuild.Plugin = {
  name: 'plain-builtins',
  setup: (build) => {
    build.onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};

/**
 * LevelDB as native code. The package looks for the file of its machine with a library, in folders that are not there beside a bundle; this
 * is the same choice among the files for glibc, on which the images are based.
 */
const nativeAddons: esbuild.Plugin = {
  name: 'native-addons',
  setup: (build) => {
    build.onLoad({ filter: /\/node_modules\/classic-level\/binding\.js$/ }, () => ({
      contents: `const addons = {
        x64: () => require('./prebuilds/linux-x64/classic-level.node'),
        arm64: () => require('./prebuilds/linux-arm64/classic-level.armv8.node'),
      };
      const addon = process.platform === 'linux' ? addons[process.arch] : undefined;
      if (addon === undefined) throw new Error(\`there is no LevelDB for \${process.platform} on \${process.arch}\`);
      module.exports = addon();`,
    }));
  },
};

/**
 * Bundles a program, from its sources: one file for each part that is loaded at another time, names kept for stack traces,
 * source maps for `node --enable-source-maps`, licences and bill of materials beside it. docs/adr/0013-bundles.md
 */
export const bundle = async (program: Program, folder = bundleFolder(program)): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['main.ts', ...parts[program], ...started[program]].map((file) => `${program}/src/${file}`),
    // All in one folder: whatever starts a thread finds its program beside itself.
    entryNames: '[name]',
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    conditions: ['nodetask-source'],
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    legalComments: 'external',
    // CommonJS inside an ES module: what requires a module of Node.js finds no `require` there.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    // Named by their content. A bundle has those of all architectures, so that it is the same wherever it is made.
    loader: { '.node': 'copy' },
    assetNames: '[name]-[hash]',
    plugins: [leaveUnusedOut, plainBuiltins, nativeAddons, sbomPlugin()],
    metafile: true,
    logLevel: 'warning',
  });
  await writeFile(join(folder, 'LICENCES.txt'), await licencesOf(linkedFiles(metafile)));
  await writeSbom(folder, sbomOfProgram(await readSbom(folder), program));
};

/** The files of which something is in the bundle; of others, esbuild has found all to be unused. */
const linkedFiles = ({ outputs }: esbuild.Metafile): readonly string[] =>
  Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
