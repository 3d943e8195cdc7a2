import type { DocumentValue } from '../../node/document-value.ts';
import { renderKey, renderValue } from '../../node/toml/render-toml.ts';
import type { ConfigValues } from './config-value.ts';
import { encodeValue, valueAtPlace } from './decode-value.ts';
import { type ConfigFile, placesOf, registry } from './registry.ts';

/** Sections in the order in which Sei's own tool writes them; '' = top of the file. */
const sectionOrder: Readonly<Record<ConfigFile, readonly string[]>> = {
  'config.toml': [
    '',
    'rpc',
    'p2p',
    'mempool',
    'statesync',
    'consensus',
    'tx-index',
    'instrumentation',
    'priv-validator',
    'self-remediation',
  ],
  'app.toml': [
    '',
    'telemetry',
    'api',
    'grpc',
    'grpc-web',
    'state-sync',
    'state-commit',
    'state-store',
    'receipt-store',
    'evm',
    'wasm',
    'giga_executor',
    'eth_replay',
    'eth_block_test',
    'evm_query',
    'light_invariance',
    'genesis',
    'sei',
  ],
};

/** Keys that a node needs and the registry has not. */
const constants: Readonly<Record<ConfigFile, readonly Line[]>> = {
  'config.toml': [
    { key: 'genesis-file', value: 'config/genesis.json', comment: 'Path of the genesis document, relative to home' },
    { key: 'node-key-file', value: 'config/node_key.json', comment: "Path of the node's own key, relative to home" },
  ],
  'app.toml': [],
};

interface Line {
  readonly key: string;
  readonly value: DocumentValue;
  readonly comment: string;
}

/** A complete file with every key of the registry that belongs into it, each with its description. */
export const renderConfigFile = (file: ConfigFile, values: ConfigValues): string => {
  const sections = new Map<string, Line[]>(
    sectionOrder[file].map((name) => [name, name === '' ? [...constants[file]] : []]),
  );
  for (const entry of registry().values()) {
    for (const place of placesOf(entry)) {
      const value = encodeValue(entry, valueAtPlace(entry, place, values.get(entry.key)), undefined);
      if (place.file !== file || value === undefined) continue;
      const section = place.path.length > 1 ? (place.path[0] ?? '') : '';
      const lines = sections.get(section);
      if (lines === undefined)
        throw new Error(`the config registry has the section ${section} in ${file}, whose place is not known`);
      lines.push({ key: place.path.at(-1) ?? '', value, comment: entry.description });
    }
  }
  return [...sections]
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => (name === '' ? '' : `[${renderKey(name)}]\n\n`) + lines.map(renderLine).join('\n'))
    .join('\n');
};

const renderLine = ({ key, value, comment }: Line): string =>
  `# ${comment}\n${renderKey(key)} = ${renderValue(value)}\n`;
