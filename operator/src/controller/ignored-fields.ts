import type { EventNote } from './decision.ts';
import type { RunContext } from './run-context.ts';

/** A field that says nothing for such a task is told once for each generation of the spec. */
export const ignoredFields = ({ spec, status, nodeTask, mode }: RunContext): readonly EventNote[] => {
  if (spec === undefined || status.observedGeneration === nodeTask.metadata.generation) return [];
  const notes = [
    ...(spec.retry !== undefined && mode !== 'one-shot'
      ? ['spec.retry goes with tasks that run once: a schedule has its next run, a daemon its restartPolicy']
      : []),
    ...(spec.strategy !== undefined && mode !== 'one-shot'
      ? ['spec.strategy goes with tasks that run once: a schedule or daemon goes to all its targets at once']
      : []),
    ...(spec.strategy !== undefined && mode === 'one-shot' && spec.target.podName !== undefined
      ? ['spec.strategy goes with target.selector: target.podName is one pod']
      : []),
  ];
  return notes.map((note) => ({ type: 'Warning', reason: 'FieldIgnored', action: 'Accept', note: `${note}.` }));
};
