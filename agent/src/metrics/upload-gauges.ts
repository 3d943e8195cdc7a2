import { Gauge, type Registry } from 'prom-client';
import type { NewestOfTask } from '../tasks/newest-uploads.ts';

interface UploadGauge {
  readonly name: string;
  readonly help: string;
  /** Undefined: the task has no such series. */
  readonly value: (upload: NewestOfTask) => number | undefined;
}

const ofWhat = 'by task type and NodeTask (the id of a task without one); of schedules and daemons, at most 200';

const gauges: readonly UploadGauge[] = [
  {
    name: 'nodetask_agent_newest_upload_height',
    help: `Height of the newest snapshot that is uploaded, or of the last block that is exported, ${ofWhat}.`,
    value: ({ newest }) => newest?.height,
  },
  {
    name: 'nodetask_agent_newest_upload_timestamp_seconds',
    help: `When the newest upload was complete, ${ofWhat}.`,
    value: ({ newest }) => seconds(newest?.at),
  },
  {
    name: 'nodetask_agent_newest_upload_awaited_since_timestamp_seconds',
    help: `Since when an upload is awaited, ${ofWhat}: the time of the newest one, and that of the task's acceptance where there is none.`,
    value: ({ newest, acceptedAt }) => seconds(newest?.at ?? acceptedAt),
  },
  {
    name: 'nodetask_agent_newest_upload_max_age_seconds',
    help: `How old the newest upload may be by maxAgeSeconds, ${ofWhat}; absent without the param.`,
    value: ({ maxAgeSeconds }) => maxAgeSeconds,
  },
];

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Registers what tells of the newest uploads. They are read once for a scrape. */
export const registerUploadGauges = (registry: Registry, read: () => Promise<readonly NewestOfTask[]>): void => {
  let reading: Promise<readonly NewestOfTask[]> | undefined;
  const readOnce = (): Promise<readonly NewestOfTask[]> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  for (const { name, help, value } of gauges) {
    const gauge: Gauge<'type' | 'name'> = new Gauge({
      name,
      help,
      labelNames: ['type', 'name'],
      registers: [registry],
      collect: async () => {
        const uploads = await readOnce();
        gauge.reset();
        for (const upload of uploads) {
          const now = value(upload);
          if (now !== undefined) gauge.set({ type: upload.type, name: upload.name }, now);
        }
      },
    });
  }
};
