import type { NothingPlan } from './plan-export.ts';

/** Why there is nothing to export, with the heights that it is about, and what to do where something is missing. */
export const nothingToExport = ({ reason, from, waiting, missing, latest }: NothingPlan): string => {
  switch (reason) {
    case 'no-new-blocks':
      return `every block up to ${latest}, the newest of the node, is exported`;
    case 'page-not-full':
      return `${waiting} blocks from ${from} on wait for ${missing} more, which fill their page: set partialPage or a smaller pageSize to have them sooner`;
    case 'start-not-reached':
      return `nothing exported: the node is at height ${latest}, and the first to export is ${from}: wait until the node has caught up, or correct startHeight`;
    case 'node-behind':
      return `nothing exported: the node is at height ${latest}, and the next page ends at ${latest + missing}: wait until the node has caught up; if it does not, give the rpcEndpoint of another node`;
    default:
      return reason satisfies never;
  }
};
