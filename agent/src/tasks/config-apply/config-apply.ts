import { type ConfigApplyParams, TaskError } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, makeConfigFolder, openConfigFolder } from '../../node/config-folder.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import { askNoSeid, type AskSeid } from '../config/ask-seid.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import { diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import type { HostFacts } from '../config/host-defaults.ts';
import { checkOverrides, parsedOverrides } from '../config/overrides-param.ts';
import { stateOf } from '../config/node-state.ts';
import { registryVersion } from '../config/registry.ts';
import { resolveIntent } from '../config/resolve-intent.ts';
import { startProblems } from '../config/start-refusals.ts';
import { planWrite } from '../config/write-config.ts';
import { nothingDone } from '../nothing-done.ts';

/**
 * config-apply: brings config.toml and app.toml to what a mode and overrides say, as one unit. Output: `{reason?, registryVersion, mode?,
 * version?, changed, diagnostics}`; a result that breaks a rule is written nowhere and fails with `config-invalid` and the same output.
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
    if (!params.incremental) await makeConfigFolder(home);
    const folder = await openConfigFolder(home, logger);
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
    // 227 keys take up to 7 kB of the 16 that an output may have.
    const diagnostics = diagnosticsOutput(all, 6 * 1024);
    if (!isValid(all)) {
      throw new TaskError(
        'config-invalid',
        `the configuration would be invalid, and nothing was written: ${summarize(all)}`,
        {
          output: { ...head, changed: [], diagnostics },
        },
      );
    }
    const { changes, changed } = await planWrite(disk, values, writable);
    signal.throwIfAborted();
    if (changes.length === 0) {
      return nothingDone('already-as-wanted', { ...head, changed: [], diagnostics });
    }
    const report = { outcome: 'changed', output: { ...head, changed, diagnostics } } as const;
    await pledgeFiles(context, folder, changes, report);
    await replaceFiles(folder, changes);
    logger.info('applied configuration', { files: changes.map((change) => change.name), keys: changed.length });
    return report;
  },
});
