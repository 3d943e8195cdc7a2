import type { Dialect } from '@nodetask/shared';
import type { DocumentTable, KeyPath, ValueEdit } from '../../node/document-value.ts';
import { editJson } from '../../node/json/edit-json.ts';
import { parseJsonObject } from '../../node/json/parse-json.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import { maxTomlBytes, parseToml } from '../../node/toml/parse-toml.ts';
import { spellForNode } from '../config/dialect/spell-key.ts';

/** What config-patch needs to know of a kind of file. */
export interface DocumentFormat {
  readonly kind: 'toml' | 'json';
  /** Name of the file, for messages. */
  readonly file: string;
  readonly maxBytes: number;
  /** The last key of a path that the file does not have as it is asked for, as the node reads it; undefined if that is not known. */
  spellForNode(path: KeyPath): string | undefined;
  parse(text: string): Promise<DocumentTable>;
  edit(text: string, edits: readonly ValueEdit[]): Promise<string>;
}

/**
 * Of a JSON file that is parsed whole. A larger one is edited as a stream: see `editFile`. Each key that changes reads the text again, so a
 * thousand of them take seconds at this size and hours at some megabytes.
 */
export const maxParsedJsonBytes = 64 * 1024;

/** @param dialect that of config.toml, where it is known */
export const formatOf = (file: string, dialect?: Dialect): DocumentFormat =>
  file.endsWith('.json')
    ? {
        kind: 'json',
        file,
        maxBytes: maxParsedJsonBytes,
        spellForNode: () => undefined,
        parse: async (text) => parseJsonObject(text, file),
        edit: async (text, edits) => editJson(text, edits, file),
      }
    : {
        kind: 'toml',
        file,
        maxBytes: maxTomlBytes,
        spellForNode: (path) => (file === 'config.toml' ? spellForNode(path, dialect) : undefined),
        parse: (text) => parseToml(text, file),
        edit: (text, edits) => editToml(text, edits, file),
      };
