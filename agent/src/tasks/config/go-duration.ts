import { withoutTrailing } from '@nodetask/runtime/foreign-text';

/** Durations as Go writes them, in nanoseconds; a microsecond has either of Unicode's two mu. https://pkg.go.dev/time#ParseDuration */
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** More characters than any duration has; what is longer is none. Arithmetic with as many digits would take its time too. */
const maxCharacters = 256;

/** Undefined where the text is no duration, or beyond 64 bits. `0` needs no unit; there is no unit for days. */
export const parseGoDuration = (text: string): bigint | undefined => {
  if (text.length > maxCharacters) return undefined;
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  // Each match begins where the last one ended, so no digit is read twice.
  const part = /(?:(\d+)(?:\.(\d*))?|\.(\d+))(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let total = 0n;
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (match === null) return undefined;
    const [, whole = '0', behindWhole, alone, unit = ''] = match;
    const fraction = behindWhole ?? alone ?? '';
    const scale = units[unit] ?? 0n;
    total += BigInt(whole) * scale + (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
  }
  const value = sign === '-' ? -total : total;
  return BigInt.asIntN(64, value) === value ? value : undefined;
};

/** As Go prints it: `168h0m0s`, `1m0s`, `1.5s`, `100ms`, `0s`. */
export const formatGoDuration = (nanoseconds: bigint): string => {
  if (nanoseconds < 0n) return `-${formatGoDuration(-nanoseconds)}`;
  if (nanoseconds === 0n) return '0s';
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
};

/** value / 10^digits without trailing zeros. */
const decimal = (value: bigint, digits: number): string => {
  const scale = 10n ** BigInt(digits);
  const fraction = withoutTrailing((value % scale).toString().padStart(digits, '0'), '0');
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`;
};
