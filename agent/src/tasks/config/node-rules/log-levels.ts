/** `log_level` of config.toml, as CometBFT and as the Cosmos SDK read it. Each answers with the fault, if there is one. */

const cometBFTLevels = new Set(['debug', 'info', 'error', 'none']);

/** `level`, or `module:level` with commas between them and `*` for all others. */
export const cometBFTLogLevel = (value: string): string | undefined =>
  pairsOf(value).every((pair) => pair.length === 2 && cometBFTLevels.has(pair[1] ?? ''))
    ? undefined
    : 'must be debug, info, error or none, or a list such as consensus:debug,*:error without blanks';

const pairsOf = (value: string): readonly (readonly string[])[] =>
  (value.includes(':') ? value.split(',') : [`*:${value}`]).map((pair) => pair.split(':'));

const sdkLevels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic', 'disabled', '']);

/** A level by name in any case, or by number as zerolog counts. */
const isSDKLevel = (level: string): boolean =>
  sdkLevels.has(level.toLowerCase()) ||
  (/^[+-]?\d{1,20}$/.test(level) && Number(level) >= -128 && Number(level) <= 127);

/** The same form with other levels; a module may stand in a list once. */
export const sdkLogLevel = (value: string): string | undefined => {
  if (isSDKLevel(value)) return undefined;
  const pairs = pairsOf(value);
  const modules = new Set(pairs.map(([module]) => module));
  return pairs.every((pair) => pair.length === 2 && isSDKLevel(pair[1] ?? '')) && modules.size === pairs.length
    ? undefined
    : 'must be trace, debug, info, warn, error, fatal, panic or disabled, or a list such as consensus:debug,*:error without blanks, with each module once';
};
