/** The API server refused a status because a newer leader has written it: this process leads no more. */
export class NewerLeaderError extends Error {
  override readonly name = 'NewerLeaderError';
}
