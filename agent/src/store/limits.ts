/**
 * The most finished records of any kind, reported or not, where `keep` finished one-shots are kept: whatever happens, the
 * journal does not grow for ever.
 */
export const finishedLimit = (keep: number): number => Math.max(keep * 10, 100);
