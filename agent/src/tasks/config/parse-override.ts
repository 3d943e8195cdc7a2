import { parseGoDuration } from './go-duration.ts';
import { type ConfigValue, integerRange, type IntegerType, isIntegerType } from './config-value.ts';
import { quotedRaw } from './quoted-setting.ts';
import { type RegistryEntry, registry } from './registry.ts';
import { hintForOverride } from './unknown-keys/suggest-override.ts';

/** A parsed override, or why its text is refused. */
export type ParsedOverride = { readonly value: ConfigValue } | { readonly fault: string };

/**
 * The value that the text of an override means. Strict: the whole text has to parse, nothing is trimmed, cut off or rounded, and NaN and
 * infinity are refused.
 */
export const parseOverride = (entry: RegistryEntry, text: string): ParsedOverride => {
  const { type } = entry;
  const quoted = quotedRaw(entry, text);
  if (isIntegerType(type)) return parseInteger(type, text, quoted);
  switch (type) {
    case 'string':
      return text.isWellFormed() ? { value: text } : { fault: 'the text is not well-formed Unicode' };
    case 'bool':
      if (/^(?:true|1|yes)$/i.test(text)) return { value: true };
      if (/^(?:false|0|no)$/i.test(text)) return { value: false };
      return { fault: `${quoted} is not a boolean: give true or false` };
    case 'float64': {
      const value = Number(text);
      return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(value)
        ? { value }
        : { fault: `${quoted} is not a finite number: give one such as 0.5` };
    }
    case 'duration': {
      const value = parseGoDuration(text);
      return value === undefined
        ? {
            fault: `${quoted} is not a duration: give one with units, such as 10s, 1m30s or 168h (there is no unit for days)`,
          }
        : { value };
    }
    case 'string[]': {
      if (text === '') return { value: [] };
      const items = text.split(',').map((item) => item.trim());
      return items.includes('')
        ? { fault: `${quoted} has an empty entry: separate entries by one comma` }
        : { value: items };
    }
    case 'bool?':
    case 'string[][]':
      return { fault: `a value of type ${type} cannot be given as text: set it with a config-patch task` };
    default:
      return type satisfies never;
  }
};

/** Parses overrides by key. Keys that cannot be overridden are faults as well; all faults are found, in the order of the keys. */
export const parseOverrides = (
  overrides: Readonly<Record<string, string>>,
): { readonly values: ReadonlyMap<string, ConfigValue>; readonly faults: readonly OverrideFault[] } => {
  const values = new Map<string, ConfigValue>();
  const faults: OverrideFault[] = [];
  for (const [key, text] of Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const entry = registry().get(key);
    const refusal = entry === undefined ? `is no key of the config registry${hintForOverride(key)}` : refusalOf(entry);
    const parsed = entry === undefined || refusal !== undefined ? undefined : parseOverride(entry, text);
    if (parsed === undefined) faults.push({ key, message: refusal ?? '' });
    else if ('fault' in parsed) faults.push({ key, message: parsed.fault });
    else values.set(key, parsed.value);
  }
  return { values, faults };
};

export interface OverrideFault {
  readonly key: string;
  readonly message: string;
}

const refusalOf = (entry: RegistryEntry): string | undefined => {
  if (entry.key === 'mode') return 'is not an override: give the parameter mode';
  if (entry.key === 'version') return 'is not an override: give the parameter targetVersion';
  if (entry.file === undefined)
    return 'is stored in neither config.toml nor app.toml, so that setting it would be lost';
  if (entry.overridable === false) {
    return `has the type ${entry.type}, which cannot be given as text: set ${entry.tomlPath ?? ''} of ${entry.file} with a config-patch task`;
  }
  return undefined;
};

const parseInteger = (type: IntegerType, text: string, quoted: string): ParsedOverride => {
  const { min, max } = integerRange(type);
  // A longer text is out of range in any case, and BigInt of a very long one is slow.
  if (!/^[+-]?\d{1,40}$/.test(text)) return { fault: `${quoted} is not an integer: give digits only` };
  const value = BigInt(text.replace(/^\+/, ''));
  return value < min || value > max
    ? { fault: `${quoted} is out of range: give an integer from ${min} to ${max}` }
    : { value };
};
