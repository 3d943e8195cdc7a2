/** The largest genesis document that tasks take, in bytes. It streams through them: what it costs is time, not memory. */
export const maxGenesisBytes = 2 * 1024 ** 3;
