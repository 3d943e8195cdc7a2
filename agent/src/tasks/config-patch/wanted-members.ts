import type { Wanted } from '../../node/json/json-skeleton.ts';
import type { KeyPath } from '../../node/document-value.ts';
import { isPatchTable } from './merge-patch.ts';

/** The members of a document that a patch and removals look at. */
export const wantedMembers = (patch: Readonly<Record<string, unknown>>, remove: readonly KeyPath[]): Wanted => {
  const root = nothing();
  addTable(root, patch);
  for (const path of remove) {
    let at = root;
    for (const key of path) at = memberOf(at, key);
  }
  return root;
};

const addTable = (at: Wanted, patch: Readonly<Record<string, unknown>>): void => {
  for (const [key, value] of Object.entries(patch)) {
    const member = memberOf(at, key);
    if (isPatchTable(value)) addTable(member, value);
    // A list is compared with the one that it replaces; anything else that replaces one differs from it.
    else if (Array.isArray(value)) member.list = true;
  }
};

const nothing = (): Wanted => ({ members: new Map(), list: false });

const memberOf = (at: Wanted, key: string): Wanted => {
  const known = at.members.get(key);
  if (known !== undefined) return known;
  const member = nothing();
  at.members.set(key, member);
  return member;
};
