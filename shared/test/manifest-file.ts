import { readdir, readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '@nodetask/testbed';

/** A file of manifests: NodeTasks that are applied one after the other. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
  readonly documents: readonly KubeObject[];
}

/** Every *.yaml of a folder and of those in it, by path. YAML is read as kubectl reads it, that is as YAML 1.1. */
export const readManifests = async (folder: URL): Promise<readonly ManifestFile[]> => {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.yaml')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8');
      const documents = parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS() as KubeObject);
      return { name, text, documents };
    }),
  );
};
