// Finds or makes every program of npm test, so that a test run after it starts at once: npm test runs this first.
import { NODE_PROGRAMS, PROGRAMS } from './catalogue.ts';
import type { ProgramName } from './catalogue.ts';
import { findDebianProgram } from './find-debian-program.ts';
import { findProgram } from './find-program.ts';
import { findVenv } from './python-venv.ts';

const ofNode: readonly ProgramName[] = NODE_PROGRAMS;
for (const name of Object.keys(PROGRAMS) as ProgramName[]) if (!ofNode.includes(name)) await findProgram(name);
await findVenv('moto');
await findDebianProgram('promtool');
