import type { PendingReport } from '../engine/engine-api.ts';

const maxKnown = 4096;

/** What has one row of this agent: a NodeTask by name, whatever its uid. */
export const rowKey = ({ ref }: Pick<PendingReport, 'ref'>): string => `${ref.namespace}/${ref.name}`;

/**
 * One agent has one row on a NodeTask, and writes it under one name: of several tasks of a NodeTask (attempts, reruns, or of an
 * object of the same name that was there before) only the one submitted last may be shown, or a late word of an old one would
 * erase the new one.
 */
export class NewestTasks {
  readonly #byRow = new Map<string, { readonly id: string; readonly submittedAt: number }>();

  /** The newest report of each NodeTask, and the superseded ones, which nobody needs to see any more. */
  sort(reports: readonly PendingReport[]): {
    readonly newest: readonly PendingReport[];
    readonly superseded: readonly PendingReport[];
  } {
    for (const report of reports) this.#learn(report);
    const isNewest = (report: PendingReport): boolean => this.#byRow.get(rowKey(report))?.id === report.id;
    return {
      newest: reports.filter(isNewest),
      superseded: reports.filter((report) => !isNewest(report)),
    };
  }

  #learn(report: PendingReport): void {
    const key = rowKey(report);
    const submittedAt = Date.parse(report.result.submittedAt);
    const known = this.#byRow.get(key);
    if (known !== undefined && known.id !== report.id && known.submittedAt > submittedAt) return;
    // Set anew, so that the order of the map is that of the last use.
    this.#byRow.delete(key);
    this.#byRow.set(key, { id: report.id, submittedAt });
    for (const oldest of this.#byRow.keys()) {
      if (this.#byRow.size <= maxKnown) break;
      this.#byRow.delete(oldest);
    }
  }
}
