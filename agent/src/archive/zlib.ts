/**
 * node:zlib, loaded with its first use: it takes 1 MB of RSS, and an agent that packs nothing has no use for it. Not by `import()`, since
 * streams are made without waiting.
 */
export const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');
