/** Words that CEL keeps for itself. https://kubernetes.io/docs/reference/using-api/cel/#escaping */
const reservedWords: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** A property name as CEL spells it after a dot: `config.toml` becomes `config__dot__toml`. */
export const celName = (name: string): string =>
  reservedWords.has(name)
    ? `__${name}__`
    : name
        .replaceAll('__', '__underscores__')
        .replaceAll('.', '__dot__')
        .replaceAll('-', '__dash__')
        .replaceAll('/', '__slash__');

/** Text as a CEL string literal. */
export const celString = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

export const celList = (texts: readonly string[]): string => `[${texts.map(celString).join(', ')}]`;

/** True where the optional members at `left` and `right` are both absent or both there and equal. `left` and `right` are parents that exist. */
export const sameMember = (member: string, left: string, right: string): string =>
  `(has(${left}.${member}) ? (has(${right}.${member}) && ${left}.${member} == ${right}.${member}) : !has(${right}.${member}))`;
