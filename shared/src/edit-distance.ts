/** Longer words are compared with nothing: no key that is known comes near. */
export const maxWordCharacters = 96;

/**
 * How many signs have to be added, left out, replaced or swapped with their neighbour to make one word of another; undefined for more than
 * `most`. The work grows with the length of the words times `most`, and not with the square of their length.
 */
export const editDistance = (a: string, b: string, most: number): number | undefined => {
  if (a === b) return 0;
  if (Math.max(a.length, b.length) > maxWordCharacters || Math.abs(a.length - b.length) > most) return undefined;
  const tooFar = most + 1;
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = Array.from({ length: b.length + 1 }, () => tooFar);
    if (row <= most) current[0] = row;
    let least = current[0] ?? tooFar;
    for (let column = Math.max(1, row - most); column <= Math.min(b.length, row + most); column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const found = Math.min(
        (last[column - 1] ?? tooFar) + (isSame ? 0 : 1),
        (last[column] ?? tooFar) + 1,
        (current[column - 1] ?? tooFar) + 1,
        isSwap ? (beforeLast[column - 2] ?? tooFar) + 1 : tooFar,
      );
      current[column] = found;
      least = Math.min(least, found);
    }
    if (least > most) return undefined;
    beforeLast = last;
    last = current;
  }
  const distance = last[b.length] ?? tooFar;
  return distance > most ? undefined : distance;
};

/** How many signs a word of this length may be off and still be taken for another: short words are near to too many. */
export const nearEnough = (characters: number): number => {
  if (characters < 4) return characters < 3 ? 0 : 1;
  return characters < 8 ? 1 : characters < 13 ? 2 : 3;
};

/** The nearest of the words, if one is near enough and no other is as near. */
export const nearestWord = (word: string, words: Iterable<string>): string | undefined => {
  let nearest: string | undefined;
  let least = nearEnough(word.length) + 1;
  for (const candidate of words) {
    const distance = editDistance(word, candidate, Math.min(least, nearEnough(candidate.length)));
    if (distance === undefined || distance > least) continue;
    nearest = distance === least ? undefined : candidate;
    least = distance;
  }
  return nearest;
};
