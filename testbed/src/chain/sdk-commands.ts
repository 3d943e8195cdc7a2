// The commands of a node of the Cosmos SDK that work on a home while the node does not run.
import { bareEnvironment } from '../config.ts';
import { mustRun } from '../process/run-command.ts';

/** A state-sync snapshot as `snapshots list` tells it. */
export interface ListedSnapshot {
  readonly height: number;
  readonly format: number;
  readonly chunks: number;
}

export class SdkCommands {
  readonly home: string;
  readonly #program: string;

  /** `program`: sdk-node. */
  constructor(program: string, home: string) {
    this.#program = program;
    this.home = home;
  }

  /** The snapshots that data/snapshots/metadata.db lists, the newest first. */
  async listSnapshots(): Promise<ListedSnapshot[]> {
    const printed = await this.run(['snapshots', 'list']);
    return printed.split('\n').filter(Boolean).map(parseSnapshot);
  }

  /** Packs a snapshot into a file, which loadSnapshot() reads. */
  async dumpSnapshot({ height, format }: SnapshotName, file: string): Promise<void> {
    await this.run(['snapshots', 'dump', String(height), String(format), '--output', file]);
  }

  /** Unpacks a file of dumpSnapshot() into data/snapshots. */
  async loadSnapshot(file: string): Promise<void> {
    await this.run(['snapshots', 'load', file]);
  }

  /** Makes the application's state, data/application.db, out of a snapshot that is listed. */
  async restoreSnapshot({ height, format }: SnapshotName): Promise<void> {
    await this.run(['snapshots', 'restore', String(height), String(format)]);
  }

  /** Makes CometBFT's state fit that of the restored application; asks the servers of config.toml's section [statesync]. */
  async bootstrapState(): Promise<void> {
    await this.run(['comet', 'bootstrap-state']);
  }

  /** Runs a command on the home; answers what it printed. */
  async run(args: readonly string[]): Promise<string> {
    const { stdout } = await mustRun(this.#program, [...args, '--home', this.home], { env: bareEnvironment({}) });
    return stdout;
  }
}

type SnapshotName = Pick<ListedSnapshot, 'height' | 'format'>;

function parseSnapshot(line: string): ListedSnapshot {
  const [, height, format, chunks] = /^height: (\d+) format: (\d+) chunks: (\d+)$/.exec(line) ?? [];
  if (height === undefined) throw new Error(`snapshots list printed a line that is none of a snapshot: ${line}`);
  return { height: Number(height), format: Number(format), chunks: Number(chunks) };
}
