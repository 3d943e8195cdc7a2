import { type ConfigValidateParams, type JsonObject, TaskError } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { askNoSeid, type AskSeid } from '../config/ask-seid.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { type ConfigOnDisk, readConfigFiles, refuseMissingFiles } from '../config/config-files.ts';
import type { ConfigValues } from '../config/config-value.ts';
import { type Diagnostic, diagnosticsOutput, isValid, summarize } from '../config/diagnostic.ts';
import { splitProblems } from '../config/keep-state.ts';
import { stateOf } from '../config/node-state.ts';
import { readConfig } from '../config/read-config.ts';
import { currentVersion, registryVersion } from '../config/registry.ts';
import { lostLabels } from '../config/resolve-intent.ts';
import { twinDiagnostics } from '../config/case-twins.ts';
import { nodeKindOf } from '../config/node-kind.ts';
import { namedFileDiagnostics } from '../config/node-rules/named-files.ts';
import { nodeDiagnostics } from '../config/node-rules/node-diagnostics.ts';
import { runRules } from '../config/rules.ts';
import { seiConflicts } from '../config/sei-conflicts.ts';
import { startProblems } from '../config/start-refusals.ts';
import { nameAll } from '../config/unknown-keys/say-unknown.ts';
import { genesisDiagnostics } from './genesis.ts';
import { sayValid } from './say-valid.ts';
import { unknownDiagnostics, unknownOnDisk } from './unknown-keys.ts';

/**
 * config-validate: reads config.toml, app.toml and the genesis, runs every rule (those of Sei's schema, or what CometBFT and the Cosmos SDK refuse) and
 * looks for keys that are not known. Output: `{valid, mode?, version?, diagnostics, registryVersion}`; an invalid configuration fails with
 * `config-invalid` and the same output. Changes nothing.
 */
export const configValidate = (
  home: NodeHome,
  ask: AskDialect = askNobody,
  askSeid: AskSeid = askNoSeid,
): TaskHandler<ConfigValidateParams> => ({
  interrupted: 'run-again',
  // Readers hold the lock too, so that they never see one new file and one old one.
  locks: () => [configLock],
  run: async ({ params, signal, logger }) => {
    const folder = await openConfigFolder(home, logger);
    const disk = await readConfigFiles(folder, { asked: params.dialect, ask, signal });
    refuseMissingFiles(disk);
    const { head, values, diagnostics: found } = validate(disk, params.targetVersion);
    const unknown = unknownOnDisk(disk);
    const diagnostics = [
      ...found,
      ...twinDiagnostics(disk),
      ...(disk.dialect === 'cometbft' ? await namedFileDiagnostics(home, disk) : []),
      ...splitProblems(values, await stateOf(home, disk)),
      ...(await startProblems({ values, disk }, askSeid, signal)),
      ...(await genesisDiagnostics(home, nodeKindOf(disk), signal)),
      ...unknownDiagnostics(unknown, disk, params.strict === true),
    ];
    const valid = isValid(diagnostics);
    const output: JsonObject = { valid, ...head, diagnostics: diagnosticsOutput(diagnostics), registryVersion };
    if (!valid)
      throw new TaskError('config-invalid', `the configuration in ${folder} is invalid: ${summarize(diagnostics)}`, {
        output,
      });
    const report = { outcome: 'unchanged', message: sayValid(disk, diagnostics), output } as const;
    if (unknown.count === 0) return report;
    return { ...report, warnings: [`no such node is known to read ${nameAll(unknown, 2)}`] };
  },
});

const validate = (
  disk: ConfigOnDisk,
  targetVersion: number | undefined,
): { readonly head: JsonObject; readonly values: ConfigValues; readonly diagnostics: readonly Diagnostic[] } => {
  const config = readConfig(disk);
  if (disk.dialect === 'sei') {
    const view = { values: config.values, maxVersion: targetVersion ?? currentVersion };
    return {
      head: { mode: config.mode, version: config.version },
      values: config.values,
      diagnostics: [
        ...config.problems,
        ...seiConflicts(config.values),
        ...runRules(view).filter(
          ({ field }) => !config.problems.some((problem) => problem.field === field && problem.severity === 'ERROR'),
        ),
      ],
    };
  }
  const lost = lostLabels({ incremental: true, ...(targetVersion === undefined ? {} : { targetVersion }) }, config);
  return { head: {}, values: config.values, diagnostics: [...lost, ...nodeDiagnostics(disk)] };
};
