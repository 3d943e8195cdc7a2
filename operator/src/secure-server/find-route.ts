import { boundedText } from '../bounded-text.ts';
import { refusal } from './refusal.ts';
import type { SecureAnswer, SecureRoute } from './secure-route.ts';

/** The route for a method and path, or the answer where there is none: 404, or 405 with the methods that there are. */
export const findRoute = (
  routes: readonly SecureRoute[],
  method: string,
  path: string,
): { readonly route: SecureRoute } | { readonly refused: SecureAnswer } => {
  const there = routes.filter((route) => route.path === path);
  const route = there.find((one) => one.method === method);
  if (route !== undefined) return { route };
  const quoted = boundedText(path, 128);
  if (there.length === 0) {
    const all = routes.map((one) => `${one.method} ${one.path}`).join(', ');
    return { refused: refusal('not-found', `there is no ${quoted}: there are ${all === '' ? 'no routes' : all}`) };
  }
  const allowed = there.map((one) => one.method).join(', ');
  return { refused: refusal('method-not-allowed', `${quoted} takes ${allowed}`, { Allow: allowed }) };
};
