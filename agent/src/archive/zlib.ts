import type * as nodeZlib from 'node:zlib';

/**
 * node:zlib, loaded with its first use: it takes 1 MB of RSS, and an agent that packs nothing has no use for it. Not by `import()`, since
 * streams are made without waiting.
 */
export const zlib = (): typeof nodeZlib => process.getBuiltinModule('node:zlib');
