// Builds one program from the Go modules that testbed/go pins.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { toolEnvironment } from '../config.ts';
import { guardedSpawn } from '../process/guarded-spawn.ts';
import { runCommand } from '../process/run-command.ts';
import { projectPath } from '../paths.ts';
import type { Program } from './catalogue.ts';

/** Kubernetes takes about 4 minutes on two cores with an empty build cache; slower machines need more. */
const BUILD_TIMEOUT_MS = 45 * 60_000;
const KEPT_OUTPUT_LINES = 40;

export type GoProbe = 'present' | 'absent';

export async function probeGo(): Promise<GoProbe> {
  // A program that is not on the PATH ends with 127.
  const { code } = await runCommand('go', ['version'], { timeoutMs: 30_000 });
  return code === 0 ? 'present' : 'absent';
}

/** Builds `program` to the file `output`. Needs `go` on the PATH and, with an empty module cache, a Go module proxy. */
export async function buildProgram(program: Program, output: string): Promise<void> {
  const folder = projectPath('testbed', 'go', program.module);
  const variables = Object.entries(program.variables).map(([name, value]) => `-X ${name}=${value}`);
  const child = await guardedSpawn(
    'go',
    [
      'build',
      '-mod=readonly',
      ...(program.modFile === undefined ? [] : [`-modfile=${program.modFile}`]),
      '-buildvcs=false',
      '-trimpath',
      ...(program.tags === undefined ? [] : [`-tags=${program.tags}`]),
      `-ldflags=${['-s', '-w', ...variables].join(' ')}`,
      '-o',
      output,
      program.goPackage,
    ],
    {
      cwd: folder,
      // A go.work above the clone or flags of the user's must not change what is built.
      env: toolEnvironment({ CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), BUILD_TIMEOUT_MS);
  const [stdout, stderr] = await Promise.all([lastLines(child.process.stdout), lastLines(child.process.stderr)]);
  const exit = await child.exited;
  clearTimeout(timer);
  if (exit.code !== 0) {
    throw new Error(
      `go build ${program.goPackage} in ${folder} ended ${exit.signal === null ? `with code ${String(exit.code)}` : `by ${exit.signal}`}:\n${[...stdout, ...stderr].join('\n')}`,
    );
  }
}

async function lastLines(stream: NodeJS.ReadableStream | null): Promise<string[]> {
  if (stream === null) return [];
  const lines: string[] = [];
  const reader = createInterface({ input: stream });
  reader.on('line', (line) => {
    lines.push(line);
    if (lines.length > KEPT_OUTPUT_LINES) lines.shift();
  });
  await once(reader, 'close');
  return lines;
}
