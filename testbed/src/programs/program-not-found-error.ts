/** Thrown when a program can be neither found nor made. The message lists what was tried and what to install. */
export class ProgramNotFoundError extends Error {
  override readonly name = 'ProgramNotFoundError';
}
