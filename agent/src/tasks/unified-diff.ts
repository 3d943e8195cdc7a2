/** A unified diff of two texts by lines, as `diff -u` prints it, without the file names. Empty where they are equal. */
export const unifiedDiff = (before: string, after: string, limits: DiffLimits): string => {
  const a = splitLines(before);
  const b = splitLines(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const changes = lineChanges(a.slice(head, a.length - tail), b.slice(head, b.length - tail)).map((change) => ({
    ...change,
    a: change.a + head,
    b: change.b + head,
  }));
  const out: string[] = [];
  let bytes = 0;
  for (const hunk of hunksOf(changes, a.length)) {
    for (const line of renderHunk(hunk, a, b, limits.lineCharacters)) {
      bytes += Buffer.byteLength(JSON.stringify(line));
      if (bytes > limits.bytes) return `${out.join('\n')}\n… (diff cut at ${limits.bytes} bytes)\n`;
      out.push(line);
    }
  }
  return out.length === 0 ? '' : `${out.join('\n')}\n`;
};

export interface DiffLimits {
  /** The most bytes of the whole diff, written as a JSON string. */
  readonly bytes: number;
  /** The most characters of a line. */
  readonly lineCharacters: number;
}

/** `removed` lines of a from index a on stand where `added` lines of b from index b on stand now. */
interface Change {
  readonly a: number;
  readonly b: number;
  readonly removed: number;
  readonly added: number;
}

const contextLines = 2;

/** Texts that differ by more lines than this are shown as one replacement; the search for the shortest diff is quadratic in it. */
const maxDistance = 400;

const splitLines = (text: string): readonly string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/** Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986). */
const lineChanges = (a: readonly string[], b: readonly string[]): readonly Change[] => {
  if (a.length + b.length === 0) return [];
  const replaced: Change = { a: 0, b: 0, removed: a.length, added: b.length };
  if (a.length === 0 || b.length === 0) return [replaced];
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let distance = 0; distance <= Math.min(maxDistance, a.length + b.length); distance++) {
    trace.push(new Map(furthest));
    for (let k = -distance; k <= distance; k += 2) {
      const down = k === -distance || (k !== distance && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(trace, a.length, b.length);
    }
    furthest = new Map(furthest);
  }
  return [replaced];
};

const backtrack = (trace: readonly Map<number, number>[], endA: number, endB: number): readonly Change[] => {
  const changes: Change[] = [];
  let x = endA;
  let y = endB;
  for (let distance = trace.length - 1; distance > 0; distance--) {
    const furthest = trace[distance] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -distance || (k !== distance && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const previousK = down ? k + 1 : k - 1;
    x = furthest.get(previousK) ?? 0;
    y = x - previousK;
    changes.push({ a: x, b: y, removed: down ? 0 : 1, added: down ? 1 : 0 });
  }
  return mergeAdjacent(changes.toReversed());
};

const mergeAdjacent = (changes: readonly Change[]): readonly Change[] => {
  const merged: Change[] = [];
  for (const change of changes) {
    const last = merged.at(-1);
    if (last !== undefined && last.a + last.removed === change.a && last.b + last.added === change.b) {
      merged[merged.length - 1] = { ...last, removed: last.removed + change.removed, added: last.added + change.added };
    } else {
      merged.push(change);
    }
  }
  return merged;
};

/** Changes whose contexts touch share a hunk. */
const hunksOf = (changes: readonly Change[], lengthA: number): readonly (readonly Change[])[] => {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.a - (last.a + last.removed) <= contextLines * 2) hunks.at(-1)?.push(change);
    else if (change.a <= lengthA) hunks.push([change]);
  }
  return hunks;
};

const renderHunk = (
  hunk: readonly Change[],
  a: readonly string[],
  b: readonly string[],
  lineCharacters: number,
): readonly string[] => {
  const [first] = hunk;
  const last = hunk.at(-1);
  if (first === undefined || last === undefined) return [];
  const startA = Math.max(0, first.a - contextLines);
  const startB = first.b - (first.a - startA);
  const endA = Math.min(a.length, last.a + last.removed + contextLines);
  const lines: string[] = [];
  let at = startA;
  const keep = (to: number): void => {
    for (; at < to; at++) lines.push(` ${a[at] ?? ''}`);
  };
  for (const change of hunk) {
    keep(change.a);
    for (; at < change.a + change.removed; at++) lines.push(`-${a[at] ?? ''}`);
    for (let index = 0; index < change.added; index++) lines.push(`+${b[change.b + index] ?? ''}`);
  }
  keep(endA);
  const countA = endA - startA;
  const countB = countA + hunk.reduce((sum, change) => sum + change.added - change.removed, 0);
  return [
    `@@ -${range(startA, countA)} +${range(startB, countB)} @@`,
    ...lines.map((line) => cut(line, lineCharacters)),
  ];
};

const range = (start: number, count: number): string => `${count === 0 ? start : start + 1},${count}`;

const cut = (line: string, characters: number): string =>
  line.length > characters ? `${line.slice(0, characters).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
