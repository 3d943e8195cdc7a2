import { type ConfigReloadParams, TaskError } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import { diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import type { HostFacts } from '../config/host-defaults.ts';
import { checkOverrides, parsedOverrides } from '../config/overrides-param.ts';
import { registry } from '../config/registry.ts';
import { resolveIntent } from '../config/resolve-intent.ts';
import { planWrite } from '../config/write-config.ts';
import { findProcess, type ProcessTable } from './process-table.ts';

/**
 * config-reload: writes keys that a node takes up while it runs, then signals the node when asked to. Output: `{reason?, changed, pid?,
 * diagnostics}`. The signal is sent even where nothing changed: a crash between writing and signalling must not lose it.
 */
export const configReload = (
  home: NodeHome,
  host: HostFacts,
  processes: ProcessTable,
  ask: AskDialect = askNobody,
): TaskHandler<ConfigReloadParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: ({ fields }) => {
    checkOverrides('fields', fields);
    refuseColdKeys(fields);
  },
  run: async ({ params, signal, logger }) => {
    refuseColdKeys(params.fields);
    const folder = await openConfigFolder(home, logger);
    const disk = await readConfigFiles(folder, { asked: params.dialect, ask, signal });
    refuseMissingFiles(disk);
    const resolution = resolveIntent(
      { incremental: true, overrides: parsedOverrides('fields', params.fields) },
      disk,
      host,
    );
    const diagnostics = diagnosticsOutput(resolution.diagnostics);
    if (!isValid(resolution.diagnostics)) {
      throw new TaskError(
        'config-invalid',
        `the configuration would be invalid, and nothing was written: ${summarize(resolution.diagnostics)}`,
        {
          output: { changed: [], diagnostics },
        },
      );
    }
    // Looked for before anything is written: a wrong name must not leave half of the task done.
    if (params.signal !== undefined) await findProcess(processes, params.signal.process);
    const { changes, changed } = await planWrite(disk, resolution.values, resolution.writable);
    signal.throwIfAborted();
    await replaceFiles(folder, changes);
    const pid =
      params.signal === undefined ? undefined : await processes.signal(params.signal.process, params.signal.name);
    if (pid !== undefined)
      logger.info('signalled the node', { pid, signal: params.signal?.name, process: params.signal?.process });
    return {
      outcome: changes.length > 0 || pid !== undefined ? 'changed' : 'unchanged',
      output: {
        ...(changes.length > 0 ? {} : { reason: 'already-as-wanted' }),
        changed,
        ...(pid === undefined ? {} : { pid }),
        diagnostics,
      },
    };
  },
});

const refuseColdKeys = (fields: Readonly<Record<string, string>>): void => {
  const cold = Object.keys(fields)
    .filter((key) => registry().get(key)?.hotReload !== true)
    .sort();
  if (cold.length === 0) return;
  const hot = [...registry().values()].filter((entry) => entry.hotReload === true).map((entry) => entry.key);
  throw new TaskError(
    'not-hot-reloadable',
    `fields: ${cold.slice(0, 10).join(', ')} cannot change while the node runs: use config-apply and restart the node. What can: ${hot.join(', ')}`,
  );
};
