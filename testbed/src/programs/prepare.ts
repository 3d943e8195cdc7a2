// Finds or makes every program of the testbed, so that a test run after it starts at once: npm test runs this first.
import { PROGRAMS } from './catalogue.ts';
import type { ProgramName } from './catalogue.ts';
import { findDebianProgram } from './find-debian-program.ts';
import { findProgram } from './find-program.ts';
import { findVenv } from './python-venv.ts';

for (const name of Object.keys(PROGRAMS) as ProgramName[]) await findProgram(name);
await findVenv('moto');
await findDebianProgram('promtool');
