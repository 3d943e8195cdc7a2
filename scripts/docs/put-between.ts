/** A page with `content` put between its marks `<!-- name -->` and `<!-- /name -->`, in place of what is there. Throws where it has no such marks. */
export const putBetween = (page: string, name: string, content: string): string => {
  const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!marked.test(page))
    throw new Error(`the page has no <!-- ${name} --> … <!-- /${name} -->: add them where the text is to be`);
  return page.replace(marked, (_all, begin: string, end: string) => `${begin}\n${content}\n\n${end}`);
};
