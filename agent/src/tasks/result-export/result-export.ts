import type { ResultExportParams } from '@nodetask/shared';
import type { TaskContext, TaskHandler, ToldReport } from '../../engine/task-handler.ts';
import { checkEndpoint } from '../../objectstore/configured-endpoint.ts';
import { nothingDone } from '../nothing-done.ts';
import { compileDestination } from './export-destination.ts';
import { finishExport } from './export-pledge.ts';
import type { ExportOptions } from './export-options.ts';
import { Exporter } from './exporter.ts';
import { followChain } from './follow-chain.ts';
import { nothingToExport } from './nothing-to-export.ts';
import { Turns } from './turns.ts';
import { withOutput } from './with-output.ts';

/**
 * result-export: writes the `block_results` of every block since the last exported height to an object store, as pages of compressed JSON
 * lines in order, without a gap or a double. A one-shot or a run of a schedule ends at the height that the node had at its beginning; a
 * daemon follows the chain. Where nothing is exported, the newest page must not be older than `maxAgeSeconds`. How pages and state hold together
 * is in docs/adr. Output: `{reason?, pages, blocks, bytes, lastExportedHeight?}`, also of a run that failed on its way.
 */
export const resultExport = (options: ExportOptions): TaskHandler<ResultExportParams> => {
  const turns = new Turns();
  return {
    interrupted: 'run-again',
    daemon: true,
    locks: (params) => [compileDestination(params).lock],
    check: (params) => {
      const { location } = compileDestination(params);
      const { rpcEndpoint } = params;
      if (rpcEndpoint !== undefined) options.egress.checkURL('rpcEndpoint', rpcEndpoint);
      checkEndpoint(options.egress, location);
    },
    finish: (context, pledge) => finishExport(context, pledge, options.stateFolder),
    run: async (context) => {
      const exporter = new Exporter(context, options, turns);
      try {
        await exporter.takeUp();
        return await (context.kind === 'daemon'
          ? followChain(exporter, context, options.clock)
          : exportOnce(exporter, context));
      } catch (error) {
        throw withOutput(error, exporter.output);
      } finally {
        exporter.close();
      }
    },
  };
};

const exportOnce = async (exporter: Exporter, context: TaskContext<ResultExportParams>): Promise<ToldReport> => {
  const { partialPage } = context.params;
  const { plan: first, latestHeight: until } = await exporter.pass({ partialPage });
  for (let plan = first; ; { plan } = await exporter.pass({ partialPage, until })) {
    if (plan.kind === 'pages') continue;
    if (exporter.blocks > 0)
      return { outcome: 'changed', ...exporter.told, output: exporter.output, ...exporter.doubts };
    const message = nothingToExport(plan);
    await exporter.refuseOldPage(message);
    return { ...nothingDone(plan.reason, message, exporter.output), ...exporter.doubts };
  }
};
