import { isErrorCode } from '@nodetask/shared';
import { shortList } from '../../bounded-text.ts';
import type { DecidedTarget } from './rows.ts';

/** "bucket-missing on sei-0: no such bucket": with one colon, and the code first, by which people search. */
export const failureOn = (pods: readonly string[], message: string, hint = '', otherwise = 'failed'): string => {
  const [code, text] = splitCode(message);
  return `${code ?? otherwise} on ${shortList(pods)}${hint}: ${text}`;
};

/** "disk-full on sei-0, sei-1: no space left; bucket-missing on sei-2: …": what failed in the same way is told once. */
export const saidFailures = (targets: readonly DecidedTarget[]): string => {
  const pods = new Map<string, string[]>();
  for (const { view, verdict } of targets) pods.set(verdict.message, [...(pods.get(verdict.message) ?? []), view.pod]);
  return shortList(
    [...pods].map(([message, names]) => failureOn(names, message)),
    3,
    '; ',
  );
};

/** "disk-full: no space left" is a code and a text; a newer agent may have codes that this operator does not know. */
export const splitCode = (message: string): readonly [code: string | undefined, text: string] => {
  const [found, code = ''] = /^([a-z]{1,40}(?:-[a-z]{1,40}){0,5}): /u.exec(message) ?? [];
  return found !== undefined && (isErrorCode(code) || code.includes('-'))
    ? [code, message.slice(found.length)]
    : [undefined, message];
};

/** "bucket-missing on sei-0", of what failureOn has made; of a text without a code, all. */
export const failureWithoutText = (message: string): string => {
  const [code = ''] = /^[a-z-]{1,80}(?= on )/u.exec(message) ?? [];
  const end = message.indexOf(': ');
  return isErrorCode(code) && end > 0 ? message.slice(0, end) : message;
};
