import * as z from 'zod';
import type { CrossFieldRule } from '../cross-field-rule.ts';
import { defineParams } from './define-params.ts';
import { allowHistoryLoss, dialect, dryRun, strict } from './fields.ts';

/** The files under config/ that config-patch edits. */
export const patchableFiles = ['config.toml', 'app.toml', 'client.toml', 'genesis.json'] as const;
export type PatchableFile = (typeof patchableFiles)[number];

const patch = z.record(z.string().min(1).max(256), z.unknown());

const keyPaths = z.array(z.string().min(1).max(512)).min(1).max(256);

const hasMembers = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** An object with declared members has no size in CEL: each file is asked for. */
const anyFile = (member: 'files' | 'remove'): string => {
  const files = patchableFiles.map((file) => `has(self.${member}.${file.replaceAll('.', '__dot__')})`);
  return `(has(self.${member}) && (${files.join(' || ')}))`;
};

const atLeastOneFile: CrossFieldRule = {
  cel: `${anyFile('files')} || ${anyFile('remove')}`,
  message: 'name at least one file in files or remove: config.toml, app.toml, client.toml or genesis.json',
  holds: (params) => hasMembers(params['files']) || hasMembers(params['remove']),
};

const dialectWithConfig: CrossFieldRule = {
  cel: '!has(self.dialect) || (has(self.files) && has(self.files.config__dot__toml))',
  message: 'dialect goes with files that name config.toml: remove it, or give such a patch',
  holds: ({ dialect: given, files }) =>
    given === undefined || (typeof files === 'object' && files !== null && Object.hasOwn(files, 'config.toml')),
};

export const configPatchParams = defineParams(
  z.strictObject({
    files: z
      .strictObject({
        'config.toml': patch.optional().describe('Merge patch (RFC 7386) for config/config.toml.'),
        'app.toml': patch.optional().describe('Merge patch (RFC 7386) for config/app.toml.'),
        'client.toml': patch.optional().describe('Merge patch (RFC 7386) for config/client.toml.'),
        'genesis.json': patch.optional().describe('Merge patch (RFC 7386) for config/genesis.json.'),
      })
      .optional()
      .describe(
        'Merge patches (RFC 7386) by bare file name. A number takes the type of the key that it replaces; integers beyond 2^53-1 are given as strings.',
      ),
    remove: z
      .strictObject({
        'config.toml': keyPaths.optional().describe('Dotted keys to remove from config/config.toml.'),
        'app.toml': keyPaths.optional().describe('Dotted keys to remove from config/app.toml.'),
        'client.toml': keyPaths.optional().describe('Dotted keys to remove from config/client.toml.'),
        'genesis.json': keyPaths.optional().describe('Dotted keys to remove from config/genesis.json.'),
      })
      .optional()
      .describe(
        'Keys to remove, dotted, by bare file name, for instance p2p.seeds. Use this, not null: client-side kubectl apply drops null.',
      ),
    dryRun,
    allowHistoryLoss,
    dialect,
    strict,
  }),
  [atLeastOneFile, dialectWithConfig],
);

export type ConfigPatchParams = z.output<typeof configPatchParams.schema>;
