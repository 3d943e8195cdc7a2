/** Values of app.toml that keep a node of the Cosmos SDK from starting, version by version: Go types, its own check, and what it reads after that. */
import * as z from 'zod';
import { type DocumentTable, type DocumentValue, isList } from '../../../node/document-value.ts';
import { appKnownKeys, type KnownKey } from '../known-keys/known-keys.ts';
import { type SdkVersion, sdkVersions } from '../known-keys/versions.ts';
import { addressRefusals } from './app-addresses.ts';
import { backendRefusals } from './db-backends.ts';
import { parseGoInteger } from './decode-as-viper.ts';
import type { Refusal } from './refusal.ts';
import { flagRefusals } from './start-flags.ts';
import { TypedValues } from './typed-values.ts';

type Rule = readonly [key: string, broken: (values: TypedValues) => string | undefined];

/** @param configBackend `db_backend` of config.toml, which counts where app.toml has none */
export const appRefusals = (
  document: DocumentTable,
  version: SdkVersion,
  configBackend: string,
): readonly Refusal[] => {
  const values = appValues(document, version);
  return [
    ...values.refusals,
    ...flagRefusals(values),
    ...rules.flatMap(([key, broken]) => {
      const why = values.has(key) ? broken(values) : undefined;
      return why === undefined ? [] : [{ key, why }];
    }),
    ...addressRefusals(values, version),
    ...backendRefusals('app-db-backend', values.text('app-db-backend') || configBackend || 'goleveldb', version),
  ];
};

export const appValues = (document: DocumentTable, version: SdkVersion): TypedValues =>
  new TypedValues(document, { keys: appKeys().values(), versions: sdkVersions, version });

const rangesKey = 'grpc.historical-grpc-address-block-range';

let keys: ReadonlyMap<string, KnownKey<SdkVersion>> | undefined;

/** Those of the data, and one that the SDK reads apart from the others. */
export const appKeys = (): ReadonlyMap<string, KnownKey<SdkVersion>> =>
  (keys ??= new Map([
    ...appKnownKeys(),
    [rangesKey, { key: rangesKey, type: 'string', defaults: { 'v0.53.8': '' }, versions: ['v0.53.8', 'v0.55.0'] }],
  ]));

/** `0.25atoken`: a denomination has 3 to 128 characters. */
const coin = /^(\d{1,80}(?:\.\d{1,18})?)[ ]?([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/;

/** Coins with commas between them; blanks alone are none, and nothing at all is refused. */
const brokenPrices = (text: string): string | undefined => {
  if (text === '') return 'must be set, for instance to 0stake, unless the flag or the variable of the node sets it';
  if (text.trim() === '') return undefined;
  const coins = text.split(',').map((price) => coin.exec(price.trim()));
  if (coins.includes(null)) return 'must be amounts such as 0.025uatom,0.1uosmo';
  const priced = coins.flatMap((parts) => (Number(parts?.[1]) > 0 ? [parts?.[2]] : []));
  return new Set(priced).size === priced.length ? undefined : 'must have each denomination once';
};

const isCustom = (values: TypedValues): boolean => values.text('pruning').toLowerCase() === 'custom';

const customAtLeast =
  (key: string, least: bigint) =>
  (values: TypedValues): string | undefined => {
    const value = parseGoInteger(values.text(key)) ?? 0n;
    return isCustom(values) && value < least ? `must be ${least} or more with pruning = "custom"` : undefined;
  };

const strategies = ['default', 'nothing', 'everything', 'custom'];
const executors = ['sequential', 'block-stm'];

/** The node ends where a label has no value. A text is a list of what is between its commas. */
const brokenLabels = (values: TypedValues): string | undefined => {
  const raw = values.raw('telemetry.global-labels') ?? '';
  // Each part of a text is a label of one part.
  const lengths = isList(raw) ? raw.map((label) => partsOf(label).length) : partsOf(raw).map(() => 1);
  return values.flag('telemetry.enabled') && lengths.some((length) => length < 2)
    ? 'must be pairs of a name and a value, such as [["chain_id", "mychain-1"]]'
    : undefined;
};

const partsOf = (value: DocumentValue): readonly DocumentValue[] => {
  if (isList(value)) return value;
  return typeof value === 'string' && value !== '' ? value.split(',') : [];
};

const ranges = z.record(z.string(), z.tuple([z.int().min(0), z.int().min(0)]));
const brokenRanges = (values: TypedValues): string | undefined => {
  const text = values.text(rangesKey);
  if (text === '') return undefined;
  const found = parseRanges(text);
  if (found === undefined) return 'must be JSON such as {"localhost:9091": [1, 1000000]}';
  const sorted = Object.values(found).toSorted(([a], [b]) => a - b);
  return sorted.some(([first, last], index) => first > last || first <= (sorted[index - 1]?.[1] ?? -1))
    ? 'must have ranges from a lower to a higher height that do not overlap'
    : undefined;
};

const parseRanges = (text: string): z.infer<typeof ranges> | undefined => {
  try {
    return ranges.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

const rules: readonly Rule[] = [
  ['minimum-gas-prices', (values) => brokenPrices(values.text('minimum-gas-prices'))],
  [
    'pruning',
    (values) => {
      const strategy = values.text('pruning');
      if (!strategies.includes(strategy.toLowerCase())) return `must be one of ${strategies.join(', ')}`;
      return strategy === 'everything' && values.number('state-sync.snapshot-interval') !== 0n
        ? 'must not be everything while state-sync.snapshot-interval takes snapshots'
        : undefined;
    },
  ],
  ['pruning-keep-recent', customAtLeast('pruning-keep-recent', 2n)],
  ['pruning-interval', customAtLeast('pruning-interval', 10n)],
  [
    'block-executor',
    (values) => (executors.includes(values.text('block-executor')) ? undefined : `must be ${executors.join(' or ')}`),
  ],
  [
    'telemetry.statsd-addr',
    (values) =>
      values.flag('telemetry.enabled') &&
      values.text('telemetry.metrics-sink') === 'dogstatsd' &&
      values.text('telemetry.statsd-addr') === ''
        ? 'must be set with the metrics sink dogstatsd, unless a variable of the node sets it'
        : undefined,
  ],
  ['telemetry.global-labels', brokenLabels],
  [rangesKey, brokenRanges],
  ['block-stm-workers', (values) => (values.number('block-stm-workers') < 0n ? 'must be 0 or more' : undefined)],
];
