import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from './memory-store.ts';
import { storeContract } from '../../test/support/store/store-contract.ts';

storeContract('MemoryStore', () => new MemoryStore());

it('each memory is a journal of its own', () => {
  assert.notEqual(new MemoryStore().journalID, new MemoryStore().journalID);
});
