import { openSqliteStore } from '../../../src/store/open-sqlite-store.ts';

/** Opens the journal of its first argument and keeps it open until it is killed. */
const [, , path = ''] = process.argv;
const store = openSqliteStore({ path, owner: { namespace: 'sei', podName: 'sei-rpc-0' } });
store.setValue('held', 'yes');
process.stdout.write('open\n');
setInterval(() => {
  store.ping();
}, 1000);
