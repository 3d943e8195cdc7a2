import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@nodetask/runtime/testing';
import type { CertificateAuthority, IssuedCertificate } from '@nodetask/testbed';
import { createMetrics } from '../../../src/metrics/agent-metrics.ts';
import { TlsIdentity } from '../../../src/tls/tls-identity.ts';
import { advanceUntil, LogLines } from '../log-lines.ts';
import { startTestServer, type TestServerOptions } from '../test-server.ts';

export type TlsTestServer = Awaited<ReturnType<typeof startTlsServer>>;

/** The API over TLS with files of its own, which the test changes; the time by which files are read and certificates end is made up. */
export const startTlsServer = async (
  ca: CertificateAuthority,
  options: Omit<TestServerOptions, 'tls' | 'certificateClock'> = {},
) => {
  const folder = mkdtempSync(join(tmpdir(), 'nodetask-tls-'));
  const file = (name: string): string => join(folder, name);
  const write = (name: string, content: string): void => {
    writeFileSync(file('new'), content);
    renameSync(file('new'), file(name));
  };
  const writeCertificate = ({ certificate, key }: IssuedCertificate): void => {
    write('tls.key', key);
    write('tls.crt', certificate);
  };
  writeCertificate(await ca.agent('pod-uid-1'));
  write('ca.crt', ca.certificate);

  const clock = new FakeClock(Date.now());
  const log = new LogLines();
  const stop = new AbortController();
  const tls = await TlsIdentity.open(
    {
      trustFile: file('ca.crt'),
      identity: { from: 'files', certFile: file('tls.crt'), keyFile: file('tls.key') },
    },
    {
      clock,
      random: Math.random,
      logger: log.logger,
      metrics: createMetrics({ reportQueueDepth: () => 0, eventStreams: () => 0, ready: () => true }),
    },
  );
  const running = tls.run(stop.signal);
  const server = await startTestServer({
    ...options,
    streams: { clock, ...options.streams },
    tls,
    certificateClock: clock,
  });
  const settled = (message: RegExp): Promise<unknown> => advanceUntil(clock, log, message, 1000);
  return {
    ...server,
    clock,
    log,
    /** Resolves once the agent trusts these. */
    trust: async (...cas: readonly CertificateAuthority[]): Promise<void> => {
      log.lines.length = 0;
      write('ca.crt', cas.map(({ certificate }) => certificate).join(''));
      await settled(/trusting the CAs/);
    },
    /** Resolves once the agent shows it. */
    show: async (certificate: IssuedCertificate): Promise<void> => {
      log.lines.length = 0;
      writeCertificate(certificate);
      await settled(/showing the certificate of the changed file/);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the test is over'));
      await running;
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
};
