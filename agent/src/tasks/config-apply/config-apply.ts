import { type ConfigApplyParams, type Logger, TaskError } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, makeConfigFolder, openConfigFolder } from '../../node/config-folder.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import { findConfigFolder, type NodeHome } from '../../node/node-home.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import { askNoSeid, type AskSeid } from '../config/ask-seid.ts';
import { changesOutput, sayChanges, sayDryRun } from '../config/changes.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { namesOf, readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import { diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import type { HostFacts } from '../config/host-defaults.ts';
import { checkOverrides, parsedOverrides } from '../config/overrides-param.ts';
import { stateOf, stateOfAny } from '../config/node-state.ts';
import { refuseHistoryLoss } from '../config/refuse-history-loss.ts';
import { registryVersion } from '../config/registry.ts';
import { resolveIntent } from '../config/resolve-intent.ts';
import { startProblems } from '../config/start-refusals.ts';
import { planWrite } from '../config/write-config.ts';
import { afterRestart } from '../after-restart.ts';
import { alreadyAsWanted } from '../already-as-wanted.ts';
import { nothingDone } from '../nothing-done.ts';

/**
 * config-apply: brings config.toml and app.toml to what a mode and overrides say, as one unit. Output: `{reason?, registryVersion, mode?,
 * version?, changes: [{file, key, from?, to?}], changesOmitted?, diagnostics}`. A result that breaks a rule is written nowhere and fails with `config-invalid`
 * and the same output; one that would make the node delete history with `history-loss`, unless `allowHistoryLoss` is set.
 */
export const configApply = (
  home: NodeHome,
  host: HostFacts,
  ask: AskDialect = askNobody,
  askSeid: AskSeid = askNoSeid,
): TaskHandler<ConfigApplyParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: ({ overrides }) => {
    checkOverrides('overrides', overrides ?? {});
  },
  finish: finishFiles(home),
  run: async (context) => {
    const { params, signal, logger } = context;
    if (!params.incremental && !params.dryRun) await makeConfigFolder(home);
    const folder = await folderOf(home, params, logger);
    const disk = await readConfigFiles(folder, { asked: params.dialect, ask, signal });
    if (params.incremental || disk.dialect === 'cometbft') refuseMissingFiles(disk);
    const overrides = parsedOverrides('overrides', params.overrides ?? {});
    const resolution = resolveIntent(
      {
        ...(params.mode === undefined ? {} : { mode: params.mode }),
        ...(params.targetVersion === undefined ? {} : { targetVersion: params.targetVersion }),
        incremental: params.incremental,
        overrides,
      },
      disk,
      host,
      await stateOf(home, disk, overrides),
    );
    const { values, writable } = resolution;
    const all = [...resolution.diagnostics, ...(await startProblems({ values, disk, set: writable }, askSeid, signal))];
    const head = {
      registryVersion,
      ...(resolution.mode === undefined ? {} : { mode: resolution.mode }),
      ...(resolution.version === undefined ? {} : { version: resolution.version }),
    };
    const diagnostics = diagnosticsOutput(all, diagnosticsBytes);
    if (!isValid(all)) {
      throw new TaskError(
        'config-invalid',
        `the configuration would be invalid, and nothing was written: ${summarize(all)}`,
        {
          output: { ...head, changes: [], diagnostics },
        },
      );
    }
    const { files, changes, losses } = await planWrite(disk, values, writable);
    const output = { ...head, ...changesOutput(changes, changesBytes), diagnostics };
    const warnings = await refuseHistoryLoss({
      losses,
      // Nobody asked for another limit than the one before where there was no file.
      isAllowed: params.allowHistoryLoss === true || disk.files['app.toml'].text === undefined,
      findState: () => stateOfAny(home, disk.files['app.toml'].document, overrides),
      output,
    });
    signal.throwIfAborted();
    if (files.length === 0) return alreadyAsWanted(namesOf(disk), output);
    const said = sayChanges(changes);
    const doubts = warnings.length === 0 ? {} : { warnings };
    if (params.dryRun) return { ...nothingDone('dry-run', sayDryRun(said), output), ...doubts };
    const report = {
      outcome: 'changed',
      message: `${said}; ${afterRestart}`,
      numbers: { changes: changes.count },
      output,
      ...doubts,
    } as const;
    await pledgeFiles(context, folder, files, report);
    await replaceFiles(folder, files);
    logger.info('applied configuration', { files: files.map(({ name }) => name), keys: changes.count });
    return report;
  },
});

/** A dry run makes no folder, and reads as many files in one that is not there as in an empty one. */
const folderOf = async (home: NodeHome, params: ConfigApplyParams, logger: Logger): Promise<string> => {
  const isNew = params.dryRun && !params.incremental && (await findConfigFolder(home)) === undefined;
  return isNew ? home.config : openConfigFolder(home, logger);
};

/** Of the 16 KiB that an output may have. */
const diagnosticsBytes = 5 * 1024;
const changesBytes = 10 * 1024;
