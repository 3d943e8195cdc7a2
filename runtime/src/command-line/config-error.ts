/** The command line or the environment is wrong; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A value as messages show it: quoted, and cut. */
export const quote = (value: unknown): string => JSON.stringify(value ?? '').slice(0, 256);
