import { type DocumentTable, type DocumentValue, isList, isTable, type KeyPath } from '../document-value.ts';

/** A key as TOML 1.0 writes it: bare where it can be. */
export const renderKey = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : renderString(key));

export const renderKeyPath = (path: KeyPath): string => path.map(renderKey).join('.');

/** A value on one line, as TOML 1.0 writes it. Throws where TOML has no such value. */
export const renderValue = (value: DocumentValue): string => {
  if (value === null) throw new Error('TOML has no null');
  if (isList(value)) return `[${value.map(renderValue).join(', ')}]`;
  if (isTable(value)) {
    const members = Object.entries(value).map(([key, member]) => `${renderKey(key)} = ${renderValue(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  if (typeof value === 'string') return renderString(value);
  if (typeof value === 'number') return renderFloat(value);
  return value instanceof Date ? value.toISOString() : String(value);
};

/** A table as `[section]`s: its own keys first, then the tables in it. */
export const renderSection = (path: KeyPath, table: DocumentTable, newline: string): string => {
  const entries = Object.entries(table);
  const own = entries.filter(([, value]) => !isTable(value));
  const lines = own.map(([key, value]) => `${renderKey(key)} = ${renderValue(value)}${newline}`);
  const nested = entries.flatMap(([key, value]) =>
    isTable(value) ? [renderSection([...path, key], value, newline)] : [],
  );
  // A table that only holds tables needs no header of its own.
  const header = own.length > 0 || nested.length === 0 ? [`[${renderKeyPath(path)}]${newline}${lines.join('')}`] : [];
  return [...header, ...nested].join(newline);
};

/** A table as a `[[section]]`, with the tables in it as sections of it. */
export const renderElement = (path: KeyPath, table: DocumentTable, newline: string): string => {
  const entries = Object.entries(table);
  const lines = entries.flatMap(([key, value]) =>
    isTable(value) ? [] : [`${renderKey(key)} = ${renderValue(value)}${newline}`],
  );
  const nested = entries.flatMap(([key, value]) =>
    isTable(value) ? [newline + renderSection([...path, key], value, newline)] : [],
  );
  return `[[${renderKeyPath(path)}]]${newline}${lines.join('')}${nested.join('')}`;
};

const renderFloat = (value: number): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`;
};

const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

const renderString = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what must be escaped
  `"${text.replaceAll(/["\\\u0000-\u001f\u007f]/g, (char) => escapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
