import * as z from 'zod';

/**
 * A peer as CometBFT's persistent_peers has it: `node-id@host:port`. Taken also with the scheme and the upper-case digits in which people pass
 * peers on, and written as a node knows it: CometBFT compares ids as text, so it never connects to a peer whose id is in upper case.
 */
export const peerAddress = z
  .string()
  .max(320)
  .regex(
    // The API server estimates what a rule costs, by its length too: the agent checks the range of ports and the brackets.
    /^((tcp|mconn):\/\/)?[0-9A-Fa-f]{40}@[^\s,@/]+:[0-9]{1,5}\/?$/,
    'must be <40 hexadecimal digits>@<host>:<port>, also with tcp:// before it, one in each entry',
  )
  .overwrite((text) =>
    text
      .replace(/^(?:tcp|mconn):\/\//, '')
      .replace(/\/$/, '')
      .replace(/^[0-9A-F]{40}(?=@)/i, (id) => id.toLowerCase()),
  );
