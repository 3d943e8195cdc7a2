import { readFileSync } from 'node:fs';

/** What each tool says of a NodeTask in a state, as docs/gitops.md promises. */
export interface VerdictRow {
  readonly kstatus: string;
  readonly argoCD: string;
  readonly finished: boolean;
  readonly complete: boolean;
}

/** The table of docs/gitops.md, by state. */
export const readVerdictTable = (): ReadonlyMap<string, VerdictRow> => {
  const lines = readFileSync(new URL('../../../docs/gitops.md', import.meta.url), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith('| State '));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return new Map(
    rows.slice(0, end).map((line) => {
      const [, state = '', kstatus = '', argoCD = '', finished, complete] = line.split('|').map((cell) => cell.trim());
      return [state, { kstatus, argoCD, finished: finished === 'yes', complete: complete === 'yes' }];
    }),
  );
};
