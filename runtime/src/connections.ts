export { boundedLogger } from './connections/bounded-logger.ts';
export {
  ConnectionGuard,
  type ConnectionLimits,
  type CutReason,
  cutReasons,
  type OnCut,
} from './connections/connection-guard.ts';
export { tellOfCuts } from './connections/tell-of-cuts.ts';
export { probeLimits, type ProbeLimits } from './connections/probe-limits.ts';
