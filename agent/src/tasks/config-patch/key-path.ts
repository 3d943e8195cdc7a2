import { TaskError } from '@nodetask/shared';
import type { KeyPath } from '../../node/document-value.ts';

/**
 * Parses a dotted key as TOML writes it: `p2p.seeds`, and in quotes what has a dot or other signs, `"a.b".c` or `'a.b'.c`. Inside double
 * quotes the escapes of JSON hold. Throws TaskError `patch-invalid`.
 */
export const parseKeyPath = (text: string): KeyPath => {
  const path: string[] = [];
  const part = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s."']+))\s*(\.|$)/y;
  while (part.lastIndex < text.length) {
    const at = part.lastIndex;
    const match = part.exec(text);
    if (match === null) return refuse(text, at);
    path.push(match[1] === undefined ? (match[2] ?? match[3] ?? '') : unquote(match[1], text, at));
    if (match[4] === '' && part.lastIndex === text.length) return path;
  }
  return refuse(text, text.length);
};

const unquote = (inner: string, text: string, at: number): string => {
  try {
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    return refuse(text, at);
  }
};

const refuse = (text: string, at: number): never => {
  throw new TaskError(
    'patch-invalid',
    `remove: ${JSON.stringify(text)} is not a dotted key (at character ${at + 1}): write section.key, with quotes around keys that have dots, "a.b".c`,
  );
};
