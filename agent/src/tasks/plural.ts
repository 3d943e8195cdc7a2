import { countText } from '@nodetask/shared';

/** "1 witness", "3 witnesses", "1,200 keys". */
export const plural = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${countText(count)} ${count === 1 ? noun : nouns}`;
