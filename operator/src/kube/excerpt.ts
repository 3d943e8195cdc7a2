/** The start of a text for a message. A copy: a slice would keep the whole text in memory for as long as the message lives. */
export const excerpt = (text: string, max = 200): string => Buffer.from(text.slice(0, max), 'utf8').toString('utf8');
