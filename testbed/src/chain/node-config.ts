// Edits of the config.toml and app.toml that a node's `init` has just written. Not a TOML editor: it knows their plain `key = value` lines.

/** Section → key → value; the section of the keys before the first header is "". */
export type NodeConfig = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** Throws if a key is not in the file: a typo, or another version of the program. */
export function setNodeConfig(text: string, config: NodeConfig, file = 'config.toml'): string {
  const lines = text.split('\n');
  for (const [section, values] of Object.entries(config)) {
    for (const [key, value] of Object.entries(values)) {
      const index = findKey(lines, section, key);
      if (index === undefined) throw new Error(`${file} has no ${key} in its section [${section}]`);
      lines[index] = `${key} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
    }
  }
  return lines.join('\n');
}

function findKey(lines: readonly string[], section: string, key: string): number | undefined {
  let current = '';
  for (const [index, line] of lines.entries()) {
    const header = /^\[([\w.-]+)\]/.exec(line)?.[1];
    if (header !== undefined) current = header;
    else if (current === section && line.split('=')[0]?.trim() === key) return index;
  }
  return undefined;
}
