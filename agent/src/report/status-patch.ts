import { applyPatchBody, groupVersion, kind, plural, type TaskRef } from '@nodetask/shared';
import type { PendingReport } from '../engine/engine-api.ts';
import { fitRow, leastResult, leastRuns } from './fit-result.ts';

/** A server-side apply of the agent's row. */
export interface StatusPatch {
  readonly path: string;
  /** JSON that is YAML too. */
  readonly body: string;
}

/** Who writes: the pod whose row it is, and the field manager under which that is owned. */
export interface RowOwner {
  readonly podName: string;
  readonly manager: string;
}

/**
 * The apply configuration holds everything that the agent owns on the object: `result` and `runs` of its row. The uid is there for
 * the case that the object is gone (409 instead of a new one); where another of the same name stands in its place, the API
 * server overlooks it on the status subresource, so the answer must be looked at.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export const statusPatch = (report: PendingReport, owner: RowOwner, size: 'fitting' | 'least'): StatusPatch => {
  const { ref } = report;
  const { result, runs } =
    size === 'least'
      ? { result: leastResult(report.result), runs: leastRuns(report.runs) }
      : fitRow(report.result, report.runs, ref.maxResultBytes);
  // An empty list is a line of `kubectl describe` that says nothing.
  const row = { pod: owner.podName, result, ...(runs.length === 0 ? {} : { runs }) };
  return apply(ref, owner, { metadata: { ...nameOf(ref), uid: ref.uid }, status: { targets: [row] } });
};

/** Takes back what the agent wrote. The row stays, empty: rows are the operator's to remove, and it removes those that are of no target. */
export const withdrawal = (ref: TaskRef, owner: RowOwner): StatusPatch =>
  apply(ref, owner, { metadata: nameOf(ref), status: { targets: [{ pod: owner.podName }] } });

/** The NodeTask itself. */
export const objectPath = ({ namespace, name }: TaskRef): string =>
  `/apis/${groupVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;

const apply = (ref: TaskRef, { manager }: RowOwner, content: Readonly<Record<string, unknown>>): StatusPatch => ({
  path: `${objectPath(ref)}/status?fieldManager=${manager}&force=true`,
  body: applyPatchBody({ apiVersion: groupVersion, kind, ...content }),
});

const nameOf = ({ name, namespace }: TaskRef) => ({ name, namespace });
