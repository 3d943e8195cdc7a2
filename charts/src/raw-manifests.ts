import { type Document, isMap, parseDocument } from 'yaml';

/** What a file of deploy/ is rendered from. */
export interface Manifest {
  /** Name of the chart's template, which is also that of the file. */
  readonly file: string;
  readonly text: string;
}

/**
 * The output of `helm template` as manifests for kubectl: one for each template, without what is only of use to Helm.
 * @param rendered documents that begin with `# Source: <chart>/templates/<file>`, as Helm writes them.
 */
export const rawManifests = (rendered: string): readonly Manifest[] => {
  const files = new Map<string, string[]>();
  for (const part of rendered.split(/^---\n(?=# Source: )/m)) {
    const [, file, text] = /^# Source: [\w-]+\/templates\/([\w-]+\.yaml)\n([\s\S]*)$/.exec(part) ?? [];
    if (file === undefined || text === undefined) continue;
    const document = parseDocument(text);
    if (isMap(document.contents)) files.set(file, [...(files.get(file) ?? []), withoutHelm(document)]);
  }
  return [...files]
    .map(([file, texts]) => ({ file, text: texts.join('---\n') }))
    .toSorted((one, other) => one.file.localeCompare(other.file, 'en'));
};

const withoutHelm = (document: Document): string => {
  for (const path of [
    ['metadata', 'labels'],
    ['spec', 'template', 'metadata', 'labels'],
  ]) {
    if (!document.hasIn(path)) continue;
    document.deleteIn([...path, 'helm.sh/chart']);
    document.deleteIn([...path, 'app.kubernetes.io/managed-by']);
  }
  return `${document.toString({ lineWidth: 0, singleQuote: true, directives: false }).trim()}\n`;
};
