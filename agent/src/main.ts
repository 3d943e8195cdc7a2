#!/usr/bin/env node
import { beginLeanStart } from './lean-start.ts';

beginLeanStart();
// Everything else after it: modules that are imported statically are read, and partly compiled, before the first one runs.
const { main } = await import('./command-line.ts');
process.exitCode = await main();
