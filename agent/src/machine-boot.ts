import { readFileSync } from 'node:fs';

/** A text that is another one after each start of the machine; '' where the system tells of none. */
export const machineBoot = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().slice(0, 64);
  } catch {
    // Only Linux has it. Then a restart of the machine is taken for a crash.
    return '';
  }
};
