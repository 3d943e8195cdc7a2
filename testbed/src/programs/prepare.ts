// Finds or makes every program of npm test, so that a test run after it starts at once: npm test runs this first.
import { TEST_PROGRAMS } from './catalogue.ts';
import { findProgram } from './find-program.ts';
import { findVenv } from './python-venv.ts';

for (const name of TEST_PROGRAMS) await findProgram(name);
await findVenv('moto');
