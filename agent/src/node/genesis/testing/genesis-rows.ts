/** Genesis documents, value by value, for tests that hold the agent's word on them against that of the programs that read them. */
import { hash } from 'node:crypto';

export interface GenesisRow {
  readonly what: string;
  readonly text: string;
  /** No program refuses it, and the agent does: why. */
  readonly stricter?: string;
  /** Only a build with this tag takes it, and no program here has one. */
  readonly buildTag?: string;
}

type Json = Readonly<Record<string, unknown>>;

const key = Buffer.alloc(32, 7);
const address = hash('sha256', key, 'buffer').subarray(0, 20).toString('hex').toUpperCase();
const pubKey = { type: 'tendermint/PubKeyEd25519', value: key.toString('base64') };
/** The generator of the curve. */
const point = Buffer.from('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex');
const pointAddress = hash('ripemd160', hash('sha256', point, 'buffer'), 'buffer')
  .toString('hex')
  .toUpperCase();
const pointKey = { type: 'tendermint/PubKeySecp256k1', value: point.toString('base64') };

export const validator = (changed: Json = {}): Json => ({
  address,
  pub_key: pubKey,
  power: '10',
  name: '',
  ...changed,
});

export const params = (changed: Readonly<Record<string, Json>> = {}): Json => {
  const usual: Readonly<Record<string, Json>> = {
    block: { max_bytes: '22020096', max_gas: '-1' },
    evidence: { max_age_num_blocks: '100000', max_age_duration: '172800000000000', max_bytes: '1048576' },
    validator: { pub_key_types: ['ed25519'] },
    version: { app: '0' },
  };
  const merged = Object.entries(changed).map(([part, values]) => [part, { ...usual[part], ...values }]);
  return { ...usual, ...(Object.fromEntries(merged) as Json) };
};

/** CometBFT's form. A member that is undefined is left out. */
export const document = (changed: Json = {}): string =>
  JSON.stringify({
    genesis_time: '2026-01-31T12:00:00Z',
    chain_id: 'a-1',
    initial_height: '1',
    consensus_params: params(),
    validators: [validator()],
    app_hash: '',
    app_state: {},
    ...changed,
  });

/** The form of the Cosmos SDK from 0.50 on. */
export const appDocument = (changed: Json = {}, consensus: Json = {}): string =>
  JSON.stringify({
    app_name: 'sdk',
    app_version: '1',
    genesis_time: '2026-01-31T12:00:00Z',
    chain_id: 'a-1',
    initial_height: 1,
    app_hash: null,
    app_state: {},
    consensus: { validators: [validator()], params: params(), ...consensus },
    ...changed,
  });

const without = (record: Json, name: string): Json => ({ ...record, [name]: undefined });

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'missing';

/** One member of the document, with each of the values. */
const values = (name: string, all: readonly unknown[], more: Partial<GenesisRow> = {}): readonly GenesisRow[] =>
  all.flatMap((value) => [
    { what: `${name} ${show(value)}`, text: document({ [name]: value }), ...more },
    { what: `${name} ${show(value)} in the form of the SDK`, text: appDocument({ [name]: value }), ...more },
  ]);

/** One of the consensus parameters, in both forms. */
const param = (
  part: string,
  name: string,
  all: readonly unknown[],
  more: Partial<GenesisRow> = {},
): readonly GenesisRow[] =>
  all.flatMap((value) => {
    const changed = params({ [part]: { [name]: value } });
    return [
      { what: `${part}.${name} ${show(value)}`, text: document({ consensus_params: changed }), ...more },
      {
        what: `${part}.${name} ${show(value)} in the form of the SDK`,
        text: appDocument({}, { params: changed }),
        ...more,
      },
    ];
  });

const validators = (what: string, all: unknown, more: Partial<GenesisRow> = {}): readonly GenesisRow[] => [
  { what, text: document({ validators: all }), ...more },
  { what: `${what} in the form of the SDK`, text: appDocument({}, { validators: all }), ...more },
];

const keyOf = (type: string, bytes: Buffer | string): Json => ({
  type,
  value: typeof bytes === 'string' ? bytes : bytes.toString('base64'),
});

const many = (count: number, power: string): readonly Json[] =>
  Array.from({ length: count }, (_, index) =>
    validator({ address: '', pub_key: keyOf(pubKey.type, Buffer.alloc(32, index + 1)), power }),
  );

const raw = (what: string, text: string, more: Partial<GenesisRow> = {}): GenesisRow => ({ what, text, ...more });

const readersDiffer = { stricter: 'some programs match names in any case, and others do not' } as const;

const numbers = [
  '0',
  '1',
  '-1',
  '-2',
  '',
  ' 7 ',
  'null',
  '01',
  '1.0',
  '1e3',
  '0x1',
  '-0',
  '9223372036854775807',
  '9223372036854775808',
  5,
  null,
  true,
  [],
  {},
];

export const genesisRows: readonly GenesisRow[] = [
  raw('a usual document', document()),
  raw('a usual document in the form of the SDK', appDocument()),
  raw('a byte order mark', `\uFEFF${document()}`),
  raw("CometBFT's form without initial_height", document({ initial_height: undefined })),
  raw('the form of the SDK without consensus', appDocument({ consensus: undefined })),
  raw(
    'the form of the SDK without consensus and initial_height',
    appDocument({ consensus: undefined, initial_height: undefined }),
  ),
  raw("consensus in CometBFT's form", document({ consensus: { params: params() } }), {
    stricter: 'CometBFT passes over it, and the SDK does as well',
  }),
  raw('a consensus that is a text', appDocument({ consensus: 'x' })),
  raw('a consensus that is null', appDocument({ consensus: null })),
  raw('the parameters of CometBFT in the form of the SDK', appDocument({ consensus_params: params() })),

  ...values('initial_height', numbers, {
    stricter: 'the SDK takes a height in quotes as CometBFT does, and passes over consensus',
  }),
  ...values('initial_height', [-1, 0, 7, 1.5, 9223372036854775808]),
  raw('a height with an escape', document().replace('"initial_height":"1"', '"initial_height":"\\u0031"')),
  raw('a number in the form of a float', appDocument().replace('"initial_height":1', '"initial_height":1.0')),
  raw('a number with an exponent', appDocument().replace('"initial_height":1', '"initial_height":1e3')),

  ...values('genesis_time', [
    '2026-01-31T12:00:00.123456789Z',
    '2026-01-31T12:00:00,5Z',
    '2026-01-31T12:00:00.1234567890123456789Z',
    '2026-01-31T1:00:00Z',
    '2026-01-31T12:00:00+02:00',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00+25:00',
    '2026-01-31T12:00:00+02:60',
    '2026-01-31T12:00:00-00:00',
    '2026-01-31T12:00:00+0200',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-01-31t12:00:00z',
    '2026-01-31T12:00:00z',
    '2026-01-31T12:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T24:00:00Z',
    '2026-02-29T12:00:00Z',
    '2024-02-29T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-00-10T12:00:00Z',
    '2026-1-31T12:00:00Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '12026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.Z',
    ' 2026-01-31T12:00:00Z',
    '',
    '1769860800',
    1769860800,
    {},
  ]),
  ...values('genesis_time', [undefined, null], { stricter: 'each node takes the time of its own start' }),
  raw('a time with an escape', document().replace('12:00:00Z', '12:00:00\\u005a')),

  ...values('chain_id', [
    '',
    'a'.repeat(50),
    'a'.repeat(51),
    '\u00e9'.repeat(25),
    '\u00e9'.repeat(26),
    '\uD800',
    1,
    null,
    {},
    [],
    undefined,
  ]),
  ...values('chain_id', [' ', '\t\n', '\u0085']),

  ...values('app_hash', ['00', 'aB', 'A', 'zz', '0x00', '', null, 1, {}, undefined, 'AAAA', 'AAA=', 'AAA', '\r\nAAAA']),
  ...values('app_hash', [[1, 2, 300]]),
  raw('an app_hash that is an empty list', appDocument({ app_hash: [] }), { stricter: 'nobody writes one' }),
  raw('an app_hash that is a list of numbers', appDocument({ app_hash: [1, 2] }), { stricter: 'nobody writes one' }),
  ...values('app_name', ['x', 1, null, {}]),
  ...values('app_version', ['x', 1, null, {}]),
  ...values('app_state', [{ a: 1 }]),
  ...values('app_state', [null, 'x', 1, [], undefined], { stricter: 'no application of the Cosmos SDK takes it' }),

  ...values('consensus_params', [null, undefined, {}, [], 'x', 1]),
  ...[{}, [], 'x', 1, null, undefined].map((value) =>
    raw(`consensus.params ${show(value)}`, appDocument({}, { params: value })),
  ),
  ...['block', 'evidence', 'validator', 'version'].flatMap((part) =>
    [undefined, null, {}, [], 'x', 1].flatMap((value) => [
      raw(`${part} ${show(value)}`, document({ consensus_params: { ...params(), [part]: value } })),
      raw(`${part} ${show(value)} in the form of the SDK`, appDocument({}, { params: { ...params(), [part]: value } })),
    ]),
  ),
  ...param('block', 'max_bytes', [...numbers, '1048576', '1048575', '104857600', '104857601', undefined]),
  ...param('block', 'max_gas', [...numbers, undefined]),
  ...param('block', 'time_iota_ms', ['1000', 1, {}]),
  ...param('evidence', 'max_age_num_blocks', [...numbers, undefined]),
  ...param('evidence', 'max_age_duration', [...numbers, '48h', undefined]),
  ...param('evidence', 'max_bytes', [...numbers, '22020096', '22020097', undefined]),
  ...param('validator', 'pub_key_types', [
    [],
    ['ed25519', 'secp256k1'],
    ['secp256k1'],
    ['sr25519'],
    ['ml_dsa_65'],
    ['secp256k1eth'],
    ['ed25519', 'bls12381'],
    ['ED25519'],
    ['ed25519', ''],
    [null],
    ['ed25519', 1],
    'ed25519',
    null,
    undefined,
  ]),
  ...param('validator', 'pub_key_types', [['bls12_381']], { buildTag: 'bls12381' }),
  ...param('version', 'app', [...numbers, '18446744073709551615', '18446744073709551616', undefined]),
  ...param('version', 'app_version', ['1', 1]),
  ...param('abci', 'vote_extensions_enable_height', [...numbers, undefined]),
  ...param('authority', 'authority', ['x', 'x'.repeat(256), 'x'.repeat(257), '\u00e9'.repeat(129), 1, null]),
  ...param('feature', 'vote_extensions_enable_height', numbers),
  ...param('feature', 'pbts_enable_height', numbers),
  ...['0', '1', '-1', '30000000000', '30000000001', '86400000000000', '86400000000001', 1].flatMap((value) =>
    ['precision', 'message_delay'].map((name) =>
      raw(
        `synchrony.${name} ${show(value)} with timestamps by proposers`,
        document({
          consensus_params: params({
            synchrony: { precision: '1', message_delay: '1', [name]: value },
            feature: { pbts_enable_height: '1' },
          }),
        }),
      ),
    ),
  ),

  ...values('validators', [null, undefined, [], {}, 'x', 1, [1], ['x'], [null], [[]]]),
  ...[null, undefined, [], {}, 'x', [1], [null]].map((value) =>
    raw(`consensus.validators ${show(value)}`, appDocument({}, { validators: value })),
  ),
  ...numbers.flatMap((power) => validators(`power ${show(power)}`, [validator({ power })])),
  ...validators('power missing', [without(validator(), 'power')]),
  ...['1152921504606846975', '1152921504606846976'].flatMap((power) =>
    validators(`power ${power}`, [validator({ power })]),
  ),
  ...validators('powers that are too much together', many(2, '1152921504606846975')),
  ...validators('powers that are just right together', many(5, '230584300921369395')),
  ...validators('a validator twice', [validator(), validator()]),
  ...['', address.toLowerCase(), '00', 'zz', 'A', null, 1, {}, undefined, pointAddress].flatMap((value) =>
    validators(`address ${show(value)}`, [validator({ address: value })]),
  ),
  ...['x', 1, null, {}, undefined].flatMap((name) => validators(`name ${show(name)}`, [validator({ name })])),
  ...[
    null,
    undefined,
    {},
    'x',
    [],
    without(pubKey, 'type'),
    without(pubKey, 'value'),
    { ...pubKey, more: 1 },
    { ...pubKey, value: null },
    { ...pubKey, type: null },
    { ...pubKey, type: 1 },
    keyOf('ed25519', key),
    keyOf('tendermint/PrivKeyEd25519', Buffer.alloc(64, 1)),
    keyOf('tendermint/PubKeyEd25519', Buffer.alloc(31, 7)),
    keyOf('tendermint/PubKeyEd25519', Buffer.alloc(33, 7)),
    keyOf('tendermint/PubKeyEd25519', ''),
    keyOf('tendermint/PubKeyEd25519', pubKey.value.slice(0, -1)),
    keyOf('tendermint/PubKeyEd25519', `${pubKey.value.slice(0, 9)}\n${pubKey.value.slice(9)}`),
    keyOf('tendermint/PubKeyEd25519', `${pubKey.value.slice(0, 9)} ${pubKey.value.slice(9)}`),
    keyOf('tendermint/PubKeyEd25519', pubKey.value.replaceAll('B', '-')),
    keyOf('tendermint/PubKeyEd25519', key.toString('hex')),
    keyOf('tendermint/PubKeySr25519', key),
    keyOf('tendermint/PubKeySr25519', Buffer.alloc(31, 7)),
    pointKey,
    keyOf('tendermint/PubKeySecp256k1', Buffer.alloc(33, 7)),
    keyOf('tendermint/PubKeySecp256k1', Buffer.alloc(32, 7)),
    keyOf('tendermint/PubKeySecp256k1eth', point),
    keyOf('tendermint/PubKeySecp256k1eth', Buffer.alloc(33, 7)),
    keyOf('cometbft/PubKeyMlDsa65', Buffer.alloc(1952, 7)),
    keyOf('cometbft/PubKeyMlDsa65', Buffer.alloc(1951, 7)),
  ].flatMap((value) => validators(`pub_key ${show(value)}`, [validator({ address: '', pub_key: value })])),
  ...validators('a key of secp256k1 with its address', [validator({ address: pointAddress, pub_key: pointKey })]),
  ...validators('a key of secp256k1eth with an address', [
    validator({ address: pointAddress, pub_key: keyOf('tendermint/PubKeySecp256k1eth', point) }),
  ]),
  ...validators(
    'a key of bls12_381',
    [validator({ address: '', pub_key: keyOf('cometbft/PubKeyBls12_381', Buffer.alloc(96, 7)) })],
    {
      buildTag: 'bls12381',
    },
  ),
  ...validators(
    'a key as a list of numbers',
    [validator({ address: '', pub_key: { type: pubKey.type, value: [...key] } })],
    {
      stricter: 'nobody writes one',
    },
  ),

  // Names: twice, in other letters, and with escapes.
  raw('chain_id twice', document().replace('{', '{"chain_id":"b-1",'), {
    stricter: 'some programs take the first, and others the last',
  }),
  raw(
    'a parameter twice, the last right',
    document().replace('"max_bytes":"22020096"', '"max_bytes":"0","max_bytes":"22020096"'),
  ),
  raw(
    'a parameter twice, the last wrong',
    document().replace('"max_bytes":"22020096"', '"max_bytes":"22020096","max_bytes":"0"'),
  ),
  raw('block twice, the last empty', document().replace('"evidence":', '"block":{},"evidence":')),
  raw('block twice, the first empty', document().replace('"block":', '"block":{},"block":')),
  raw('power twice, the last right', document().replace('"power":', '"power":"0","power":')),
  raw('Chain_ID beside chain_id', document().replace('{', '{"Chain_ID":"b-1",'), readersDiffer),
  raw('Chain_ID in the place of chain_id', document().replace('chain_id', 'Chain_ID')),
  raw('Chain_ID in the place of chain_id in the form of the SDK', appDocument().replace('chain_id', 'Chain_ID')),
  raw(
    'Genesis_Time in the place of genesis_time in the form of the SDK',
    appDocument().replace('genesis_time', 'Genesis_Time'),
    readersDiffer,
  ),
  raw('a long s in consensus', appDocument().replace('"consensus"', '"con\u017fensus"'), readersDiffer),
  raw('Consensus_Params that is wrong', document().replace('{', '{"Consensus_Params":1,'), readersDiffer),
  raw('Max_Bytes in the place of max_bytes', document().replace('max_bytes', 'Max_Bytes')),
  raw('Max_Bytes beside max_bytes', document().replace('"max_bytes"', '"Max_Bytes":"0","max_bytes"'), readersDiffer),
  raw('Type in the place of type', document().replace('"type"', '"Type"'), readersDiffer),
  raw('chain_id with an escape', document().replace('chain_id', 'chain\\u005fid')),
  raw('members of others', document({ x: { chain_id: 1 }, genesis: [] })),
  raw('a document after the document', `${document()}{}`),
  raw('NULs after the document', `${document()}\0\0`),
  raw('a comma at the end', document().replace(/\}$/, ',}')),
  raw('a comment', `// genesis\n${document()}`),
  raw('a list', `[${document()}]`),
];
