/**
 * The contracts of NodeTask. Everything else is made from them.
 *
 * Terminology, used everywhere with these meanings:
 *   task     one unit of work of a type
 *   target   a pod whose agent runs a task
 *   attempt  one try of a task on one target
 *   run      one firing of a schedule
 *   result   the TaskResult of a task on a target
 *   one-shot, schedule, daemon   a task that runs once now / by cron or at a block height / for ever
 *   journal  the agent's durable store of tasks
 *   fence    the leaseTransitions of the operator's Lease, by which an agent refuses a former leader
 */
export { daemonTypes, isTaskType, taskTypes, taskTypeSchema, type TaskType } from './task-type.ts';
export type { JsonObject, JsonValue } from './json.ts';
export { applyPatchBody } from './apply-patch-body.ts';
export { amountText, bytesText, countText, durationText, middleCut, momentPair, momentText } from './human-text.ts';
export { silentLogger, type LogFields, type Logger } from './logger.ts';
export { cronPattern } from './cron-pattern.ts';
export { abortReason, sleep, type Clock } from './clock.ts';
export { taskParams, type TaskParams } from './params/registry.ts';
export type { ParamsDefinition } from './params/define-params.ts';
export type { CrossFieldRule } from './cross-field-rule.ts';
export type { Dialect } from './params/fields.ts';
export { nodeModes, type ConfigApplyParams, type NodeMode } from './params/config-apply.ts';
export { patchableFiles, type ConfigPatchParams, type PatchableFile } from './params/config-patch.ts';
export type { ConfigReloadParams } from './params/config-reload.ts';
export type { ConfigValidateParams } from './params/config-validate.ts';
export { knownGenesis, type KnownGenesis } from './params/known-genesis.ts';
export type { ConfigureGenesisParams } from './params/configure-genesis.ts';
export { type ConfigureStateSyncParams, defaultTrustHeightOffset } from './params/configure-state-sync.ts';
export { type AddressType, defaultPeerPorts, type DiscoverPeersParams } from './params/discover-peers.ts';
export { rpcUrl } from './params/rpc-address.ts';
export type { MarkReadyParams } from './params/mark-ready.ts';
export type { ResultExportParams } from './params/result-export.ts';
export type { SnapshotRestoreParams } from './params/snapshot-restore.ts';
export type { SnapshotUploadParams } from './params/snapshot-upload.ts';
export {
  asyncSchema,
  daemonSchema,
  restartPolicies,
  scheduleSchema,
  scheduleUpdateSchema,
  type Async,
  type Daemon,
  type RestartPolicy,
  type Schedule,
  type ScheduleUpdate,
} from './schedule.ts';
export {
  maxLastErrorCharacters,
  maxMessageCharacters,
  maxOutputBytes,
  maxRunRecords,
  maxWarningCharacters,
  maxWarnings,
  outcomes,
  progressSchema,
  maxRunTextCharacters,
  type RunNumbers,
  runRecordSchema,
  taskResultSchema,
  taskStatuses,
  timestamp,
  type Outcome,
  type Progress,
  type RunRecord,
  type TaskResult,
  type TaskStatus,
} from './task-result.ts';
export { outcomeReasons, type OutcomeReason, type OutcomeReasonCode } from './outcome-reasons.ts';
export type { ErrorCodeEntry } from './error-code-entry.ts';
export { errorCodeEntry, errorCodes, isErrorCode, type ErrorCode } from './error-codes.ts';
export { TaskError, type TaskErrorOptions } from './task-error.ts';
export { highestFenceAt, maxFence, newLeaseSince } from './fence.ts';
export {
  agentPort,
  apiErrorSchema,
  blockedBySchema,
  engineStatuses,
  faultSchema,
  headers,
  maxBodyBytes,
  nodeIdResponseSchema,
  resumeSchema,
  statusResponseSchema,
  submitRequestSchema,
  submitResponseSchema,
  taskRefSchema,
  type ApiErrorBody,
  type BlockedBy,
  type EngineStatus,
  type Fault,
  type NodeIdResponse,
  type Resume,
  type StatusResponse,
  type SubmitRequest,
  type SubmitResponse,
  type TaskRef,
} from './agent-api.ts';
export { paramsWithoutZeroValues, requestWithoutZeroValues, updateWithoutZeroValues } from './zero-values.ts';
export {
  agentContainerName,
  agentFieldManager,
  agentFieldManagerOfPod,
  agentLabel,
  agentLabelValue,
  agentPortAnnotation,
  agentPortName,
  agentProbePortName,
  apiGroup,
  apiVersion,
  cancelFinalizer,
  forceDeleteAnnotation,
  groupVersion,
  kind,
  maxConditionMessageCharacters,
  maxHistoryCharacters,
  maxHistoryEntries,
  maxTargetTextCharacters,
  maxErrorCharacters,
  maxParamsBytes,
  maxResultBytes,
  maxTargetMessageCharacters,
  maxTargetRows,
  maxTargets,
  operatorFieldManager,
  plural,
  shortName,
  statusPolicySuffix,
} from './names.ts';
export { failureParts, failureText, failureTextOf, type FailureParts } from './failure-text.ts';
export { editDistance, maxWordCharacters, nearestWord } from './edit-distance.ts';
export { conditionTypes, phases, terminalPhases, type ConditionType, type Phase } from './conditions.ts';
export { nodeTaskSpecSchema, type LabelSelector, type NodeTaskSpec } from './node-task-spec.ts';
export {
  conditionSchema,
  countsSchema,
  nodeTaskStatusSchema,
  statusResultSchema,
  targetStatusSchema,
  type Condition,
  type NodeTaskStatus,
  type TargetStatus,
} from './node-task-status.ts';
export type { NodeTask, ObjectMeta } from './node-task.ts';
export {
  agentServerName,
  anyAgentServerName,
  enrollAudience,
  enrollPath,
  enrollRequestSchema,
  enrollResponseSchema,
  metricsReaderIdentity,
  operatorIdentity,
  trustConfigMap,
  trustKey,
  type EnrollRequest,
  type EnrollResponse,
} from './identity.ts';
