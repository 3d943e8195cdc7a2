import { boundedText, plural } from '../bounded-text.ts';
import type { ContainerStatus, Termination } from './pod-statuses.ts';

/** Why a container does not run. */
export interface ContainerTrouble {
  readonly reason: 'ImageUnavailable' | 'CrashLooping' | 'ContainerWaiting';
  readonly message: string;
  /** Of a container that ended badly and runs again: since when, in milliseconds since the epoch. */
  readonly runsSince?: number;
}

/** Of a text of the kubelet, of a runtime or of a program. */
const maxCharacters = 300;

/** Of the kubelet. https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go */
const imageReasons: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** What keeps a container from running, in the words of its status; undefined where it runs, or nothing is known of it. */
export const containerTrouble = (pod: string, status: ContainerStatus): ContainerTrouble | undefined => {
  const { state, lastState, restartCount = 0 } = status;
  const container = `container ${boundedText(status.name, 63)} of pod ${pod}`;
  const last = lastState?.terminated;
  if (state?.terminated !== undefined) return crashing(`${container} has ended`, state.terminated);
  if (state?.running !== undefined) {
    const runsSince = Date.parse(state.running.startedAt ?? '');
    if (last === undefined || Number.isNaN(runsSince)) return undefined;
    return {
      ...crashing(`${container} was started again (${plural(restartCount, 'restart')}) after it ended`, last),
      runsSince,
    };
  }
  if (state?.waiting === undefined) return undefined;
  const { reason = 'Waiting', message } = state.waiting;
  const why = boundedText(reason, 63);
  const said = message === undefined ? '' : `: ${boundedText(message, maxCharacters)}`;
  if (imageReasons.has(reason)) {
    const image = boundedText(status.image ?? 'its image', maxCharacters);
    return { reason: 'ImageUnavailable', message: `${container} cannot get ${image} (${why})${said}` };
  }
  if (reason === 'CrashLoopBackOff') {
    const ends = `${container} ends again and again (${why}, ${plural(restartCount, 'restart')}), last`;
    if (last !== undefined) return crashing(ends, last);
    return { reason: 'CrashLooping', message: `${container} ends again and again (${why})${said}` };
  }
  return { reason: 'ContainerWaiting', message: `${container} has not started (${why})${said}` };
};

const crashing = (what: string, end: Termination): ContainerTrouble => {
  const advice = isOutOfMemory(end) ? '; raise its memory limit' : '';
  const { message = '' } = end;
  const said = message.trim() === '' ? '' : `: ${boundedText(message, maxCharacters)}`;
  return { reason: 'CrashLooping', message: `${what} with ${endOf(end)}${advice}${said}` };
};

const isOutOfMemory = ({ reason }: Termination): boolean => reason === 'OOMKilled';

/** "OOMKilled (exit code 137)". */
export const endOf = ({ reason, exitCode, signal }: Termination): string => {
  const code = exitCode === undefined ? [] : [`exit code ${exitCode}`];
  const by = signal === undefined || signal === 0 ? [] : [`signal ${signal}`];
  const how = [...code, ...by].join(', ');
  if (reason === undefined || reason === 'Error') return how === '' ? 'an error' : how;
  return how === '' ? boundedText(reason, 63) : `${boundedText(reason, 63)} (${how})`;
};
