import { type ConfigValidateParams, type JsonObject, TaskError } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { type ConfigOnDisk, readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import { type Diagnostic, diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import { readConfig } from '../config/read-config.ts';
import { currentVersion } from '../config/registry.ts';
import { lostLabels } from '../config/resolve-intent.ts';
import { nodeDiagnostics } from '../config/node-rules/node-diagnostics.ts';
import { runRules } from '../config/rules.ts';

/**
 * config-validate: reads config.toml and app.toml and runs every rule: those of Sei's schema, or what CometBFT and the Cosmos SDK refuse. Output: `{valid, mode?, version?, diagnostics}`; an invalid
 * configuration fails with `config-invalid` and the same output. Changes nothing.
 */
export const configValidate = (home: NodeHome, ask: AskDialect = askNobody): TaskHandler<ConfigValidateParams> => ({
  interrupted: 'run-again',
  // Readers hold the lock too, so that they never see one new file and one old one.
  locks: () => [configLock],
  run: async ({ params, signal, logger }) => {
    const folder = await openConfigFolder(home, logger);
    const disk = await readConfigFiles(folder, { asked: params.dialect, ask, signal });
    refuseMissingFiles(disk);
    const { head, diagnostics } = validate(disk, params.targetVersion);
    const valid = isValid(diagnostics);
    const output: JsonObject = { valid, ...head, diagnostics: diagnosticsOutput(diagnostics) };
    if (!valid)
      throw new TaskError('config-invalid', `the configuration in ${folder} is invalid: ${summarize(diagnostics)}`, {
        output,
      });
    return { outcome: 'unchanged', output };
  },
});

const validate = (
  disk: ConfigOnDisk,
  targetVersion: number | undefined,
): { readonly head: JsonObject; readonly diagnostics: readonly Diagnostic[] } => {
  const config = readConfig(disk);
  if (disk.dialect === 'sei') {
    const view = { values: config.values, maxVersion: targetVersion ?? currentVersion };
    return {
      head: { mode: config.mode, version: config.version },
      diagnostics: [
        ...config.problems,
        ...runRules(view).filter(
          ({ field }) => !config.problems.some((problem) => problem.field === field && problem.severity === 'ERROR'),
        ),
      ],
    };
  }
  const lost = lostLabels({ incremental: true, ...(targetVersion === undefined ? {} : { targetVersion }) }, config);
  return { head: {}, diagnostics: [...lost, ...nodeDiagnostics(disk)] };
};
