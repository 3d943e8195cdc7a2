/**
 * A value of the config model. Integers of every width and durations (in nanoseconds) are bigint, floats are number; undefined = unset,
 * the key is left out of the file.
 */
export type ConfigValue =
  string | boolean | bigint | number | readonly string[] | readonly (readonly string[])[] | undefined;

export type ConfigValues = ReadonlyMap<string, ConfigValue>;

export const sameConfigValue = (a: ConfigValue, b: ConfigValue): boolean =>
  Array.isArray(a) && Array.isArray(b) ? JSON.stringify(a) === JSON.stringify(b) : Object.is(a, b);

/** Types of the registry. */
export const configTypes = [
  'int',
  'int32',
  'int64',
  'uint',
  'uint16',
  'uint32',
  'uint64',
  'float64',
  'bool',
  'bool?',
  'string',
  'duration',
  'string[]',
  'string[][]',
] as const;

export type ConfigType = (typeof configTypes)[number];

export type IntegerType = Extract<ConfigType, `int${string}` | `uint${string}`>;

const widths: Readonly<Record<IntegerType, number>> = {
  int: 64,
  int32: 32,
  int64: 64,
  uint: 64,
  uint16: 16,
  uint32: 32,
  uint64: 64,
};

export const isIntegerType = (type: ConfigType): type is IntegerType => Object.hasOwn(widths, type);

/** The smallest and largest value of an integer type; 64 bits without sign end at 2^63-1, because TOML has no larger integer. */
export const integerRange = (type: IntegerType): { readonly min: bigint; readonly max: bigint } => {
  const unsigned = type.startsWith('u');
  const bits = BigInt(unsigned ? Math.min(widths[type], 63) : widths[type] - 1);
  return { min: unsigned ? 0n : -(2n ** bits), max: 2n ** bits - 1n };
};
