import { crc32 } from 'node:zlib';

/** A count of commits as text, with a checksum: a flipped bit must not look like commits that are gone. */
export const countText = (count: number): string => `${count}.${crc32(String(count))}`;

/** The count, or undefined for what is none. */
export const readCount = (text: string | undefined): number | undefined => {
  const count = Number.parseInt(text ?? '', 10);
  return Number.isSafeInteger(count) && countText(count) === text ? count : undefined;
};
