// The last source of the control-plane programs: the archive that the Kubernetes project publishes for controller tests. Its index is YAML:
// releases → version → archive name → {hash: SHA-512 in hex, selfLink: URL}.
// https://github.com/kubernetes-sigs/controller-tools/blob/HEAD/envtest-releases.yaml
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import { mustRun } from '../process/run-command.ts';

const Index = z.object({
  releases: z.record(z.string(), z.record(z.string(), z.object({ hash: z.string(), selfLink: z.url() }))),
});

const INDEX_TIMEOUT_MS = 30_000;
const ARCHIVE_TIMEOUT_MS = 10 * 60_000;
const INDEX_MAX_BYTES = 4 * 1024 * 1024;

export interface EnvtestArchive {
  readonly version: string;
  readonly url: string;
  /** SHA-512 in lower-case hex. */
  readonly hash: string;
}

/** The archive of exactly `version`, else of the newest patch of the same minor version, for this machine's system and architecture. */
export async function findEnvtestArchive(indexUrl: string, version: string): Promise<EnvtestArchive> {
  const response = await fetch(indexUrl, { signal: AbortSignal.timeout(INDEX_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`envtest index ${indexUrl}: HTTP ${response.status}`);
  const body = await response.text();
  if (body.length > INDEX_MAX_BYTES)
    throw new Error(`envtest index ${indexUrl}: ${body.length} characters is too much`);
  const index = Index.parse(parse(body));
  const minor = version.slice(0, version.lastIndexOf('.') + 1);
  const candidates = Object.keys(index.releases)
    .filter((release) => release.startsWith(minor) && /^\d+$/.test(release.slice(minor.length)))
    .sort((a, b) => Number(b.slice(minor.length)) - Number(a.slice(minor.length)));
  const chosen = candidates.includes(version) ? version : candidates[0];
  const name = `envtest-${chosen ?? ''}-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}.tar.gz`;
  const entry = chosen === undefined ? undefined : index.releases[chosen]?.[name];
  if (chosen === undefined || entry === undefined) {
    throw new Error(`envtest index ${indexUrl} has no ${name} (wanted ${version} or another ${minor}x)`);
  }
  return { version: chosen, url: entry.selfLink, hash: entry.hash.toLowerCase() };
}

/** Downloads the archive into `folder`, checks its SHA-512 and unpacks it there; answers the folder that holds the programs. */
export async function unpackEnvtestArchive(archive: EnvtestArchive, folder: string): Promise<string> {
  const response = await fetch(archive.url, { signal: AbortSignal.timeout(ARCHIVE_TIMEOUT_MS) });
  if (!response.ok || response.body === null)
    throw new Error(`envtest archive ${archive.url}: HTTP ${response.status}`);
  const file = join(folder, 'envtest.tar.gz');
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  const hash = createHash('sha512')
    .update(await readFile(file))
    .digest('hex');
  if (hash !== archive.hash) {
    throw new Error(
      `envtest archive ${archive.url}: SHA-512 is ${hash}, the index says ${archive.hash}; nothing was installed`,
    );
  }
  await mustRun('tar', ['-xzf', file, '-C', folder, '--no-same-owner'], { timeoutMs: 120_000 });
  return join(folder, 'controller-tools', 'envtest');
}
