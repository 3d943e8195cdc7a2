/** Files that the configuration of a CometBFT node names, judged by what a node does that finds them so. */
import { isAbsolute, join, resolve } from 'node:path';
import type { NodeHome } from '../../../node/node-home.ts';
import type { ConfigOnDisk } from '../config-files.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { commaList } from './go-address.ts';
import { lookAt, type Seen } from './look-at-file.ts';
import { likelyVersions, type NodeValues, valuesOfNode } from './node-values.ts';

export const namedFileDiagnostics = async (home: NodeHome, disk: ConfigOnDisk): Promise<readonly Diagnostic[]> => {
  const [values] = valuesOfNode(disk);
  if (values === undefined) return [];
  const found = await Promise.all([
    nodeKey(home, values),
    validatorFiles(home, values),
    genesis(home, values, disk),
    addressBook(home, values),
    certificates(home, values),
    folders(home, values),
  ]);
  return found.flat();
};

const say = (severity: Diagnostic['severity'], field: string, message: string): Diagnostic => ({
  severity,
  field,
  message,
});

/** The file that a key names; empty if the key is empty. */
const pathOf = (home: NodeHome, { config }: NodeValues, key: string): string =>
  resolve(home.root, config.text(key) === '' ? '.' : config.text(key));

/** Why a node cannot use a file that it makes itself when it is missing. */
const unusable: Readonly<Partial<Record<Seen, string>>> = {
  'no-folder':
    'is to be in a folder that does not exist, which the node does not make: make the folder, or correct the path',
  'no-file': 'is no file: correct the path',
  'no-json': 'is damaged, as it is not JSON: restore it from a backup',
};

const brokenFile = (field: string, path: string, seen: Seen): readonly Diagnostic[] => {
  const why = unusable[seen];
  return why === undefined ? [] : [say('ERROR', field, `${path} ${why}`)];
};

const nodeKey = async (home: NodeHome, values: NodeValues): Promise<readonly Diagnostic[]> => {
  const path = pathOf(home, values, 'node_key_file');
  return brokenFile('node_key_file', path, await lookAt(home, path, 'json'));
};

/** A node reads them also where a remote signer signs. */
const validatorFiles = async (home: NodeHome, values: NodeValues): Promise<readonly Diagnostic[]> => {
  const [keyField, stateField] = ['priv_validator_key_file', 'priv_validator_state_file'] as const;
  const [key, state] = [pathOf(home, values, keyField), pathOf(home, values, stateField)];
  const [seenKey, seenState] = await Promise.all([lookAt(home, key, 'json'), lookAt(home, state, 'json')]);
  const found = brokenFile(keyField, key, seenKey);
  if (seenKey === 'missing') {
    // The node writes a new key and a new state over whatever the old one was.
    if (seenState === 'there' || seenState === 'no-json')
      return [
        say(
          'WARNING',
          keyField,
          `${key} does not exist, and ${state} does: the node makes a new key and resets what was signed; put the key back if this is a validator`,
        ),
      ];
    return [...found, ...brokenFile(stateField, state, seenState)];
  }
  if (seenState === 'missing' || seenState === 'no-folder')
    return [
      ...found,
      say(
        'ERROR',
        stateField,
        `${state} does not exist, and the node does not start with a key alone: put back the file from where the key signed last, as a validator that forgets may sign twice`,
      ),
    ];
  return [...found, ...brokenFile(stateField, state, seenState)];
};

const genesis = async (home: NodeHome, values: NodeValues, disk: ConfigOnDisk): Promise<readonly Diagnostic[]> => {
  const field = 'genesis_file';
  const path = pathOf(home, values, field);
  const seen = await lookAt(home, path, 'anything');
  const broken = brokenFile(field, path, seen === 'no-folder' ? 'missing' : seen);
  if (broken.length > 0) return broken;
  if (seen === 'missing' || seen === 'no-folder') return [await missingGenesis(home, values, disk, path)];
  // The application takes an absolute path for one below the home.
  const below = join(home.root, values.config.text(field));
  if (
    values.app === undefined ||
    !isAbsolute(values.config.text(field)) ||
    (await lookAt(home, below, 'anything')) === 'there'
  )
    return [];
  return [
    say(
      'ERROR',
      field,
      `${path} is an absolute path, and the Cosmos SDK looks for it below the home, as ${below}: give it relative to the home`,
    ),
  ];
};

/** Up to CometBFT 0.40 a node keeps a copy in its database. */
const missingGenesis = async (
  home: NodeHome,
  values: NodeValues,
  { files }: ConfigOnDisk,
  path: string,
): Promise<Diagnostic> => {
  const state = join(pathOf(home, values, 'db_dir'), 'state.db');
  const hasCopy = values.app === undefined && ['there', 'no-file'].includes(await lookAt(home, state, 'anything'));
  const needing = likelyVersions(files['config.toml'].document).filter((version) => version === 'v1.0.1');
  if (hasCopy && needing.length === 0)
    return say('INFO', 'genesis_file', `${path} does not exist: the node takes the copy in its database`);
  if (hasCopy && likelyVersions(files['config.toml'].document).length > needing.length)
    return say(
      'WARNING',
      'genesis_file',
      `${path} does not exist: CometBFT v1.0.1 does not start without it, older versions take the copy in their database`,
    );
  return say(
    'ERROR',
    'genesis_file',
    `${path} does not exist: put it there, for instance with a configure-genesis task`,
  );
};

const addressBook = async (home: NodeHome, values: NodeValues): Promise<readonly Diagnostic[]> => {
  const field = 'p2p.addr_book_file';
  if (!values.config.flag('p2p.pex') || values.config.flag('p2p.libp2p.enabled')) return [];
  const path = pathOf(home, values, field);
  const seen = await lookAt(home, path, 'json');
  if (seen === 'no-json' || seen === 'no-file')
    return [say('ERROR', field, `${path} is not an address book: remove it, and the node makes a new one`)];
  return seen === 'no-folder'
    ? [
        say(
          'WARNING',
          field,
          `${path} is in a folder that does not exist: the node starts, and saves no addresses of peers`,
        ),
      ]
    : [];
};

/** The node starts in any case: the server of its RPC ends alone. */
const certificates = async (home: NodeHome, values: NodeValues): Promise<readonly Diagnostic[]> => {
  const fields = ['rpc.tls_cert_file', 'rpc.tls_key_file'] as const;
  if (fields.some((field) => values.config.text(field) === '')) return [];
  const found: Diagnostic[] = [];
  for (const field of fields) {
    const path = resolve(home.root, 'config', values.config.text(field));
    const seen = await lookAt(home, path, 'anything');
    if (seen !== 'there' && seen !== 'unseen')
      found.push(say('WARNING', field, `${path} is no file: the node starts, and its RPC does not answer`));
  }
  return found;
};

const folders = async (home: NodeHome, values: NodeValues): Promise<readonly Diagnostic[]> => {
  const found: Diagnostic[] = [];
  const data = pathOf(home, values, 'db_dir');
  if ((await lookAt(home, data, 'anything')) === 'there')
    found.push(say('ERROR', 'db_dir', `${data} is a file: give the path of a folder`));
  for (const address of commaList(values.config.text('rpc.laddr'))) {
    if (!address.startsWith('unix:///')) continue;
    const path = address.slice('unix://'.length);
    if ((await lookAt(home, path, 'anything')) === 'no-folder')
      found.push(say('ERROR', 'rpc.laddr', `${path} is in a folder that does not exist: make it, or correct the path`));
  }
  return found;
};
