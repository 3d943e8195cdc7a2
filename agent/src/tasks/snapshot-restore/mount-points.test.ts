import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMountPoint } from './mount-points.ts';

const mountInfo = `22 1 254:0 / / rw,relatime - ext4 /dev/root rw
36 22 254:16 /volumes/pvc-1 /sei rw,relatime shared:1 - ext4 /dev/vdb rw
37 36 254:16 /volumes/pvc-1/fast /sei/data/snapshots rw,relatime - ext4 /dev/vdb rw
38 36 254:16 / /sei/with\\040blank\\134slash rw,relatime - ext4 /dev/vdb rw
`;

test('a folder at which something is mounted is told from those above and below it', () => {
  for (const path of ['/', '/sei', '/sei/data/snapshots', '/sei/with blank\\slash']) {
    assert.ok(isMountPoint(path, mountInfo), path);
  }
  for (const path of ['/sei/data', '/sei/data/snapshots/100', '/volumes/pvc-1/fast', '/sei/with', '']) {
    assert.ok(!isMountPoint(path, mountInfo), path);
  }
  assert.ok(!isMountPoint('/sei', ''));
});
