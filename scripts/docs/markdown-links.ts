import { dirname, join, normalize } from 'node:path';

/** A link to a file of the repository, or to a place in one. */
export interface RelativeLink {
  /** As it is written. */
  readonly target: string;
  /** The file or folder that it means, from the root. */
  readonly file: string;
  /** Of a heading in that file; undefined: the whole of it. */
  readonly anchor: string | undefined;
}

/** Without blocks and spans of code, in which nothing is a link or a heading. */
const prose = (markdown: string): string =>
  markdown
    .replaceAll(/^(```+|~~~+)[\s\S]*?^\1[ \t]*$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => '`'.repeat(code.length));

/** The links of a page that lead to files. `file` is the page, from the root. */
export const relativeLinks = (file: string, markdown: string): readonly RelativeLink[] =>
  [...prose(markdown).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/gm)].flatMap(
    ([, inline, reference]) => {
      const target = inline ?? reference ?? '';
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      return { target, anchor, file: path === '' ? file : normalize(join(dirname(file), decodeURI(path))) };
    },
  );

/** The anchors that GitHub gives to the headings of a page. https://github.com/Flet/github-slugger has the rules */
export const anchorsOf = (markdown: string): ReadonlySet<string> => {
  const anchors = new Set<string>();
  const headings = markdown.replaceAll(/^(```+|~~~+)[\s\S]*?^\1[ \t]*$/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  for (const [, heading = ''] of headings) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/(?<![\w])_([^_]+)_(?![\w])/g, '$1');
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number++) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
};
