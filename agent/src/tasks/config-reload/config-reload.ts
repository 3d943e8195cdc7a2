import { type ConfigReloadParams, TaskError } from '@nodetask/shared';
import type { TaskContext, TaskHandler, ToldReport } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import { changesOutput, sayChanges } from '../config/changes.ts';
import { alreadyAsWanted } from '../already-as-wanted.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { namesOf, readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import { diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import type { HostFacts } from '../config/host-defaults.ts';
import { checkOverrides, parsedOverrides } from '../config/overrides-param.ts';
import { registry, registryVersion } from '../config/registry.ts';
import { resolveIntent } from '../config/resolve-intent.ts';
import { planWrite } from '../config/write-config.ts';
import { withMessage } from '../with-message.ts';
import { findProcess, type ProcessTable } from './process-table.ts';

/**
 * config-reload: writes keys that a node takes up while it runs, then signals the node when asked to. Output: `{reason?, registryVersion,
 * changes: [{file, key, from?, to?}], pid?, diagnostics}`. The signal is sent even where nothing changed: a crash between writing and signalling must not lose it.
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
  run: async (context) => {
    const { params, signal, logger } = context;
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
          output: { registryVersion, changes: [], diagnostics },
        },
      );
    }
    // Looked for before anything is written: a wrong name must not leave half of the task done.
    if (params.signal !== undefined) await findProcess(processes, params.signal.process);
    // Of the keys that a node takes up while it runs, none tells how much history it keeps.
    const { files, changes } = await planWrite(disk, resolution.values, resolution.writable);
    signal.throwIfAborted();
    const output = { registryVersion, ...changesOutput(changes, 4 * 1024), diagnostics };
    const report: ToldReport =
      files.length > 0
        ? { outcome: 'changed', message: sayChanges(changes), numbers: { changes: changes.count }, output }
        : alreadyAsWanted(namesOf(disk), output);
    if (files.length > 0) await pledgeFiles(context, folder, files, report);
    await replaceFiles(folder, files);
    return signalled(report, context, processes);
  },
  finish: async (context, pledge) => {
    const report = await finishFiles(home)(context, pledge);
    // Whether it was sent is not known: once more does no harm.
    return report === undefined ? undefined : signalled(withMessage(report), context, processes);
  },
});

/** The report, after the node has been signalled where that is wanted. */
const signalled = async (
  report: ToldReport,
  { params, logger }: TaskContext<ConfigReloadParams>,
  processes: ProcessTable,
): Promise<ToldReport> => {
  if (params.signal === undefined) return report;
  // A signal is a change of its own: the reason for a file that stays as it is remains in the output.
  const { process, name } = params.signal;
  const pid = await processes.signal(process, name);
  logger.info('signalled the node', { pid, signal: name, process });
  const { message, numbers, output } = report;
  return {
    outcome: 'changed',
    message: `${message}; sent ${name} to ${process} (pid ${pid})`,
    ...(numbers === undefined ? {} : { numbers }),
    output: { ...output, pid },
  };
};

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
