/** Values of app.toml that keep a node of the Cosmos SDK from starting, version by version: Go types, its own check, and what it reads after that. */
import type { DocumentTable } from '../../../node/document-value.ts';
import { appKnownKeys, sdkVersions } from '../known-keys/known-keys.ts';
import { parseGoInteger } from './decode-as-viper.ts';
import type { Refusal } from './refusal.ts';
import { TypedValues } from './typed-values.ts';

type Rule = readonly [key: string, broken: (values: TypedValues) => string | undefined];

export const appRefusals = (document: DocumentTable, version: string): readonly Refusal[] => {
  const values = new TypedValues(document, appKnownKeys().values(), sdkVersions, version);
  return [
    ...values.refusals,
    ...rules.flatMap(([key, broken]) => {
      const why = values.has(key) ? broken(values) : undefined;
      return why === undefined ? [] : [{ key, why }];
    }),
  ];
};

/** `0.25atoken`, `1e`-less decimals, with commas between them; a denomination has 3 to 128 characters. */
const coin = /^\d{1,80}(?:\.\d{1,18})?[ ]?[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/;

const isCustom = (values: TypedValues): boolean => values.text('pruning').toLowerCase() === 'custom';

const customAtLeast =
  (key: string, least: bigint) =>
  (values: TypedValues): string | undefined => {
    const value = parseGoInteger(values.text(key)) ?? 0n;
    return isCustom(values) && value < least ? `must be ${least} or more with pruning = "custom"` : undefined;
  };

const strategies = ['default', 'nothing', 'everything', 'custom'];
const executors = ['sequential', 'block-stm'];
const backends = ['', 'goleveldb', 'rocksdb', 'pebbledb', 'memdb'];

const rules: readonly Rule[] = [
  [
    'minimum-gas-prices',
    (values) => {
      const prices = values.text('minimum-gas-prices');
      if (prices === '')
        return 'must be set, for instance to 0stake, unless the flag or the variable of the node sets it';
      return prices.split(',').every((price) => coin.test(price.trim()))
        ? undefined
        : 'must be amounts such as 0.025uatom,0.1uosmo';
    },
  ],
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
    'app-db-backend',
    (values) =>
      backends.includes(values.text('app-db-backend'))
        ? undefined
        : `must be empty, or one of ${backends.slice(1).join(', ')}`,
  ],
  [
    'block-executor',
    (values) => (executors.includes(values.text('block-executor')) ? undefined : `must be ${executors.join(' or ')}`),
  ],
  ['block-stm-workers', (values) => (values.number('block-stm-workers') < 0n ? 'must be 0 or more' : undefined)],
];
