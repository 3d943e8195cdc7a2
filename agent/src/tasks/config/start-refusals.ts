/** Values with which some releases of seid do not start, or that some do not read. Facts and their origin: docs/tasks/config-apply.md. */
import { isTable } from '../../node/document-value.ts';
import type { AskSeid, SeidNode } from './ask-seid.ts';
import type { ConfigOnDisk } from './config-files.ts';
import type { ConfigValues } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { writeModeKey } from './migrations.ts';
import { registry } from './registry.ts';
import { type Build, buildNames, type Release, releaseOf, releases } from './seid-release.ts';

export interface StartQuestion {
  readonly values: ConfigValues;
  /** Before the change. */
  readonly disk: ConfigOnDisk;
  /** The keys that are being set; other keys are told of only where the running node is known to refuse them. Default: all. */
  readonly set?: ReadonlySet<string>;
}

/** Asks the running node only if an answer matters. A node that is not Sei's has none of these keys. */
export const startProblems = async (
  question: StartQuestion,
  ask: AskSeid,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> => {
  const findings = question.disk.dialect === 'sei' ? findIn(question) : [];
  if (findings.length === 0) return [];
  const node = await ask(signal);
  return [
    ...findings.flatMap((finding) => judge(finding, node, question.set)),
    ...belowHeight(question.values, node?.height),
  ];
};

/** A value, and what becomes of a node that has it. */
interface Finding {
  /** A registry key, or a place in app.toml. */
  readonly field: string;
  readonly value: string;
  /** These do not start. */
  readonly refusedBy: readonly Build[];
  /** These start and do not read it. */
  readonly ignoredBy: readonly Build[];
  readonly remedy: string;
}

/** Of the write modes that the registry knows; v6.6.0-rc1 renamed them, and every other one is new since then. */
const oldModes: ReadonlySet<string> = new Set(['cosmos_only', 'dual_write', 'split_write']);
const allBuilds: readonly Build[] = [...releases, 'main'];
const leaveOut = 'leave it out, unless your seid needs it';

const findIn = ({ values, disk }: StartQuestion): readonly Finding[] => {
  const text = (key: string): string => {
    const value = values.get(key);
    return typeof value === 'string' ? value : '';
  };
  const positive = (key: string): boolean => {
    const value = values.get(key);
    return typeof value === 'bigint' && value > 0n;
  };
  const findings: Finding[] = [];
  const add = (field: string, value: string, finding: Partial<Finding>): void => {
    findings.push({ field, value: value.slice(0, 60), refusedBy: [], ignoredBy: [], remedy: leaveOut, ...finding });
  };

  // Other texts break a rule of the registry.
  const writeMode = text(writeModeKey);
  if (oldModes.has(writeMode)) {
    add(writeModeKey, writeMode, {
      refusedBy: writeMode === 'cosmos_only' ? ['v6.6.0-rc1'] : ['v6.6.0-rc1', 'v6.6', 'main'],
      ignoredBy: ['v6.3'],
    });
  } else if (registry().get(writeModeKey)?.enum?.includes(writeMode) === true) {
    add(writeModeKey, writeMode, { refusedBy: ['v6.4', 'v6.5'], ignoredBy: ['v6.3'] });
  }
  const readMode = text('storage.state_commit.read_mode');
  if (readMode !== '') {
    add('storage.state_commit.read_mode', readMode, { ignoredBy: ['v6.3', 'v6.6.0-rc1', 'v6.6', 'main'] });
  }
  for (const key of ['storage.state_store.write_mode', 'storage.state_store.read_mode']) {
    if (text(key) !== '') add(key, text(key), { ignoredBy: allBuilds, remedy: 'leave it out' });
  }

  if (values.get('storage.state_commit.enable') === false) {
    add('storage.state_commit.enable', 'false', {
      refusedBy: ['v6.6.0-rc1', 'v6.6', 'main'],
      remedy: 'set it to true',
    });
  }
  if (positive('storage.snapshot_interval') && values.get('storage.state_store.enable') !== true) {
    add('storage.snapshot_interval', `${String(values.get('storage.snapshot_interval'))} without a state store`, {
      refusedBy: releases,
      remedy: 'set it to 0, or storage.state_store.enable to true',
    });
  }
  const receipts = text('storage.receipt_store.backend');
  if (receipts === 'parquet') {
    add('storage.receipt_store.backend', receipts, {
      refusedBy: ['v6.6.0-rc1', 'v6.6', 'main'],
      remedy: 'set it to pebbledb',
    });
  }
  if (receipts === 'littidx') {
    add('storage.receipt_store.backend', receipts, { refusedBy: releases, remedy: 'set it to pebbledb' });
  }
  const section = disk.files['app.toml'].document['receipt-store'];
  if (isTable(section) && section['backend'] !== undefined) {
    add('receipt-store.backend', 'a key of app.toml', {
      refusedBy: ['v6.4', 'v6.5', 'v6.6.0-rc1', 'v6.6', 'main'],
      remedy: 'remove it with a config-patch task; the key is rs-backend',
    });
  }

  if (positive('chain.freeze_height')) {
    add('chain.freeze_height', String(values.get('chain.freeze_height')), {
      ignoredBy: releases,
      remedy: 'the node would run past that height: use chain.halt_height, or a seid that has the feature',
    });
  }
  return findings;
};

/** The releases that nodes run; a value that all of them refuse is refused where nothing answers, too. */
const finalReleases: readonly Release[] = ['v6.4', 'v6.5', 'v6.6'];

const judge = (
  finding: Finding,
  node: SeidNode | undefined,
  set: ReadonlySet<string> | undefined,
): readonly Diagnostic[] => {
  const { field, value, refusedBy, ignoredBy, remedy } = finding;
  const release = node === undefined ? undefined : releaseOf(node.version);
  const say = (severity: 'ERROR' | 'WARNING', what: string): readonly Diagnostic[] =>
    severity === 'WARNING' && set?.has(field) === false
      ? []
      : [{ severity, field, message: `is ${value}, ${what}: ${remedy}` }];
  if (node !== undefined && release !== undefined) {
    const who = `seid ${node.version}, which runs here,`;
    if (refusedBy.includes(release)) return say('ERROR', `with which ${who} does not start`);
    return ignoredBy.includes(release) ? say('WARNING', `which ${who} does not read`) : [];
  }
  const isRefused = (builds: readonly Build[]): boolean => builds.every((build) => refusedBy.includes(build));
  const isError = node === undefined ? isRefused(finalReleases) : isRefused([...finalReleases, 'main']);
  const unknown =
    node === undefined ? 'no node answers that says which it is' : `the node here says it is ${node.version}`;
  const refusal = refusedBy.length === 0 ? [] : [`with which seid ${nameAll(refusedBy)} does not start`];
  const neglect = ignoredBy.length === 0 ? [] : [`which seid ${nameAll(ignoredBy)} does not read`];
  return say(isError ? 'ERROR' : 'WARNING', `${[...refusal, ...neglect].join(', and ')} (${unknown})`);
};

const nameAll = (builds: readonly Build[]): string => builds.map((build) => buildNames[build]).join(', ');

const belowHeight = (values: ConfigValues, height: number | undefined): readonly Diagnostic[] => {
  const frozen = values.get('chain.freeze_height');
  return typeof frozen === 'bigint' && frozen > 0n && height !== undefined && frozen <= BigInt(height)
    ? [
        {
          severity: 'ERROR',
          field: 'chain.freeze_height',
          message: `is ${frozen}, and the node is at ${height} already, so that it would not start again: give a height that is still to come`,
        },
      ]
    : [];
};
