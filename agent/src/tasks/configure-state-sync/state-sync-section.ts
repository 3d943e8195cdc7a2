import { TaskError } from '@nodetask/shared';
import type { ConfigureStateSyncParams } from '@nodetask/shared';
import type { DocumentValue, KeyPath } from '../../node/document-value.ts';
import { type ConfigToml, findKey, textAt } from '../config/config-toml.ts';
import { parseGoDuration } from '../config/go-duration.ts';
import { quotedValue } from '../config/shown-value.ts';
import { refusedParam } from '../refuse-param.ts';

const key = (name: string): KeyPath => ['statesync', name];

/** Keys that Sei's nodes have and CometBFT's own do not. */
const seiOnly = { useLocalSnapshot: key('use-local-snapshot'), backfillBlocks: key('backfill-blocks') } as const;

/** CometBFT's own. */
const defaultTrustPeriod = '168h0m0s';

/** The trust point that the file has; undefined where state sync is off or the point is none. */
export const existingPoint = (config: ConfigToml): { readonly height: number; readonly hash: string } | undefined => {
  const height = findKey(config, key('trust-height')).value;
  const hash = findKey(config, key('trust-hash')).value;
  if (findKey(config, key('enable')).value !== true) return undefined;
  if (typeof height !== 'bigint' || height < 1n || height > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  if (typeof hash !== 'string' || !/^[0-9A-F]{64}$/i.test(hash)) return undefined;
  return { height: Number(height), hash: hash.toUpperCase() };
};

/** How long a trust point stays good, in milliseconds, by the params or the file. Throws TaskError `file-invalid`. */
export const trustPeriodMs = (config: ConfigToml, { trustPeriod }: ConfigureStateSyncParams): number => {
  const text = (trustPeriod ?? textAt(config, key('trust-period'))) || defaultTrustPeriod;
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === undefined || nanoseconds <= 0n) {
    throw new TaskError(
      'file-invalid',
      `statesync.trust-period in ${config.path} is ${quotedValue('config.toml', key('trust-period'), text)}, no duration above 0: correct it there, or give trustPeriod`,
    );
  }
  return Number(nanoseconds / 1_000_000n);
};

export interface StateSync {
  readonly servers: readonly string[];
  readonly height: number;
  readonly hash: string;
}

/** The keys of the section that the task writes; what it does not name stays. Throws TaskError `invalid-params`. */
export const sectionFor = (
  config: ConfigToml,
  params: ConfigureStateSyncParams,
  { servers, height, hash }: StateSync,
): readonly (readonly [KeyPath, DocumentValue])[] => {
  refuseUnknownToNode(config, params);
  const { trustPeriod, backfillBlocks, useLocalSnapshot } = params;
  return [
    [key('enable'), true],
    [key('rpc-servers'), padded(servers).join(',')],
    [key('trust-height'), BigInt(height)],
    [key('trust-hash'), hash],
    ...optional(key('trust-period'), trustPeriod),
    ...(isKnown(config, seiOnly.useLocalSnapshot) ? optional(seiOnly.useLocalSnapshot, useLocalSnapshot) : []),
    ...(isKnown(config, seiOnly.backfillBlocks)
      ? optional(seiOnly.backfillBlocks, backfillBlocks === undefined ? undefined : BigInt(backfillBlocks))
      : []),
  ];
};

/** A node refuses to start with fewer than two entries, and takes the same one twice. */
const padded = (servers: readonly string[]): readonly string[] =>
  servers.length === 1 ? [...servers, ...servers] : servers;

/** A node ignores keys that it does not know: what they ask for would not happen, and nobody would be told. */
export const refuseUnknownToNode = (config: ConfigToml, params: ConfigureStateSyncParams): void => {
  for (const name of ['useLocalSnapshot', 'backfillBlocks'] as const) {
    if (!params[name] || isKnown(config, seiOnly[name])) continue;
    const message = `${config.path} is that of a CometBFT node, which has no ${seiOnly[name].join('.')}: remove the parameter`;
    throw refusedParam(name, message);
  }
};

const isKnown = (config: ConfigToml, path: KeyPath): boolean =>
  config.dialect === 'sei' || findKey(config, path).value !== undefined;

const optional = (path: KeyPath, value: DocumentValue | undefined): readonly (readonly [KeyPath, DocumentValue])[] =>
  value === undefined ? [] : [[path, value]];
