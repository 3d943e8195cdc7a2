import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * The process metrics under the names that Prometheus clients share. prom-client's own set starts a 10 ms timer and a GC observer,
 * which an idle sidecar should not pay for; these are read when they are scraped.
 */
export const registerProcessMetrics = (registry: Registry): void => {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => {
        metric.set(read());
      },
    });
  };
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  gauge('process_start_time_seconds', 'Start time of the process since the epoch in seconds.', () =>
    Math.round(performance.timeOrigin / 1000),
  );
  gauge('process_open_fds', 'Number of open file descriptors.', openFiles);
  gauge('nodejs_heap_size_used_bytes', 'Used size of the V8 heap in bytes.', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_eventloop_utilization',
    'Share of the time that the event loop was busy since the start, from 0 to 1.',
    () => performance.eventLoopUtilization().utilization,
  );
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
};

/** NaN where the system has no /proc. */
const openFiles = (): number => {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return Number.NaN;
  }
};
