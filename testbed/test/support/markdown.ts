// Reads what our own pages hold: sections, fenced blocks, sessions at a shell. No general Markdown.

/** The fenced blocks of a language in a Markdown text, also those in lists. */
export const blocks = (markdown: string, language: string): readonly string[] =>
  [...markdown.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```$/gm)].flatMap(([, indent = '', name, text]) =>
    name === language && text !== undefined ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );

/** The text below a heading of the second level, up to the next of them; throws where there is none. */
export const sectionOf = (markdown: string, title: string): string => {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`the page has no section "${title}"`);
  return section.slice(title.length + 1);
};

export interface ShellCommand {
  readonly command: string;
  /** What it prints, without the ends of it. */
  readonly prints: string;
}

/** The commands of a console block with what each prints. */
export const session = (block: string): readonly ShellCommand[] =>
  block
    .split(/^\$ /m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [command = '', ...lines] = part.split('\n');
      return { command, prints: lines.join('\n').trim() };
    });

/** What is printed, but for what differs from run to run: ages, and how wide columns are. */
export const withoutTimes = (text: string): string =>
  text
    .replaceAll(/\b(?:\d+m)?\d+m?s\b/g, '2s')
    .replaceAll(/ +/g, ' ')
    .trim();
