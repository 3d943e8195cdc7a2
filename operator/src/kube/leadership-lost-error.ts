/** This process led and does so no more: everything it does must end, and the process with it. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}
