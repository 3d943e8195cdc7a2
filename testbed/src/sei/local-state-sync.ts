/**
 * What a Sei node does with `use-local-snapshot = true`, as a model: seid cannot be built from the Go module proxy. The rule, from sei-chain:
 *
 * - sei-tendermint/internal/statesync/reactor.go: Sync adds the ten newest snapshots that the application lists, as those of one peer;
 * - snapshots.go: of one peer's snapshots the one with the greatest height is tried first, then the one with the greatest format;
 * - sei-cosmos/snapshots/manager.go: Restore refuses one without chunks before it begins, and any other while an operation is in progress;
 *   LoadChunk answers nothing for a file that is missing;
 * - chunks.go and syncer.go: a chunk of nothing ends its fetcher, the wait for it times out, the snapshot is rejected, and the next one is
 *   offered. The restore of the first one is still in progress then: the application aborts, and the node shuts down.
 *
 * The light client, which has to know the blocks after the height, is left out.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListedSnapshot } from '../chain/sdk-commands.ts';

/** How many of the newest snapshots are told to a peer. */
const RECENT = 10;

/**
 * `listed`: what metadata.db lists. `folder`: the snapshots, <height>/<format>/<chunk>.
 * Answers "syncs at height H", "waits for ever: …" or "shuts down because …".
 */
export async function seiLocalStateSync(folder: string, listed: readonly ListedSnapshot[]): Promise<string> {
  const ranked = listed.toSorted((a, b) => b.height - a.height || b.format - a.format).slice(0, RECENT);
  const offered = ranked.filter(({ chunks }) => chunks > 0);
  const [first, second] = offered;
  if (first === undefined) return 'waits for ever: no snapshot is listed';
  const missing = await firstMissingChunk(folder, first);
  if (missing === undefined) return `syncs at height ${first.height}`;
  const timeout = `chunk ${missing} of snapshot ${first.height} is missing`;
  return second === undefined
    ? `waits for ever: ${timeout}, and there is no other snapshot`
    : `shuts down because ${timeout}, and its restore is still in progress when ${second.height} is offered`;
}

async function firstMissingChunk(
  folder: string,
  { height, format, chunks }: ListedSnapshot,
): Promise<number | undefined> {
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const file = await lstat(join(folder, String(height), String(format), String(chunk))).catch(() => undefined);
    if (file === undefined) return chunk;
  }
  return undefined;
}
