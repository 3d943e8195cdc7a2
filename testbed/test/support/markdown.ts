// Reads what our own pages hold, beyond what src/markdown.ts does.
import { markdownBlocks } from '../../src/markdown.ts';

/** The fenced blocks of a language in a Markdown text. */
export const blocks = (markdown: string, language: string): readonly string[] =>
  markdownBlocks(markdown).flatMap((block) => (block.language === language ? [block.text] : []));

/** The text below a heading of the second level, up to the next of them; throws where there is none. */
export const sectionOf = (markdown: string, title: string): string => {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`the page has no section "${title}"`);
  return section.slice(title.length + 1);
};

/** What is printed, but for what differs from run to run: ages, and how wide columns are. */
export const withoutTimes = (text: string): string =>
  text
    .replaceAll(/\b(?:\d+m)?\d+m?s\b/g, '2s')
    .replaceAll(/ +/g, ' ')
    .trim();
