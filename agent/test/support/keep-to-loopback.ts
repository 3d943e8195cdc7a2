// Loaded before the program of a process that a test starts.
import { keepToLoopback } from '../../src/node/testing/loopback-only.ts';

keepToLoopback();
