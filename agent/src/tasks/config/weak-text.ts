import type { DocumentValue } from '../../node/document-value.ts';

/** The text that viper, by which nodes read their files, makes of a value where text belongs; undefined if it refuses the value. */
export const weakText = (raw: DocumentValue): string | undefined => {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'boolean') return raw ? '1' : '0';
  return typeof raw === 'bigint' || typeof raw === 'number' ? String(raw) : undefined;
};
