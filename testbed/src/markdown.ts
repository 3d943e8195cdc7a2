// What a page of documentation tells people to type, so that tests can do it.

export interface MarkdownBlock {
  /** "yaml", "console"; empty where the fence names none. */
  readonly language: string;
  readonly text: string;
}

export interface ConsoleCommand {
  readonly command: string;
  /** What the page shows it to print; empty where it shows nothing. */
  readonly prints: string;
}

/** The fenced blocks of a Markdown text, in its order; those in lists without their indentation. */
export function markdownBlocks(markdown: string): MarkdownBlock[] {
  return [...markdown.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map(
    ([, indentation = '', language = '', text = '']) => ({
      language,
      text: text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
    }),
  );
}

/** The commands of a console block with what each prints. */
export function consoleCommands(block: string): ConsoleCommand[] {
  return block
    .split(/^\$ /m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [command = '', ...lines] = part.split('\n');
      return { command, prints: lines.join('\n').trim() };
    });
}

/** The words of a command, quotes taken off as a shell does, also those in the middle of a word. */
export function commandWords(command: string): string[] {
  return [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_quoted, single?: string, double?: string) => single ?? double ?? ''),
  );
}
