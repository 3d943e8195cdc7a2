// Real servers for tests, the demo and developers.
export { toolEnvironment } from './config.ts';
export { ControlPlane, startControlPlane } from './control-plane.ts';
export type { ControlPlaneOptions } from './control-plane/parts.ts';
export type { AuditEvent } from './control-plane/audit-log.ts';
export { readAuditSummaries } from './control-plane/audit-summary.ts';
export type { AuditedRequest } from './control-plane/audit-summary.ts';
export type { ServiceAccountToken, ServiceAccountTokenRequest } from './control-plane/service-account-token.ts';
export { FaultProxy, startFaultProxy, targetOf } from './fault-proxy.ts';
export type { FaultProxyCounters, FaultProxyOptions, FaultScope } from './fault-proxy.ts';
export { HttpFaultProxy, startHttpFaultProxy, withoutHeaders } from './http-fault-proxy.ts';
export type {
  HttpExchange,
  HttpFaultProxyOptions,
  HttpFaultReply,
  HttpFaultRequest,
  HttpFaultRule,
  PassedHead,
} from './http-fault-proxy.ts';
export type { Direction, FaultMode } from './net/fault-mode.ts';
export { KubeApiError, KubeClient } from './kube/kube-client.ts';
export type { KubeClientOptions, KubeObject, KubeRequest, WatchEvent } from './kube/kube-client.ts';
export {
  bindAgents,
  installAdmissionPolicy,
  installCustomResources,
  installRights,
  untilAdmissionPolicyHolds,
} from './kube/install.ts';
export { installOtherCustomResources } from './kube/other-crds.ts';
export { writeKubeconfig } from './kube/kubeconfig.ts';
export { helm, helmAlone } from './helm.ts';
export type { HelmVersion } from './helm.ts';
export { freeLoopbackAddress, freePort } from './net/free-port.ts';
export { commandWords, consoleCommands, markdownBlocks } from './markdown.ts';
export type { ConsoleCommand } from './markdown.ts';
export { ManagedProcess, ProcessEndedError } from './process/managed-process.ts';
export type { ManagedProcessOptions, ProcessCommand } from './process/managed-process.ts';
export type { Exit } from './process/guarded-spawn.ts';
export { CommandError, mustRun, runCommand } from './process/run-command.ts';
export type { CommandResult } from './process/run-command.ts';
export { findDebianProgram } from './programs/find-debian-program.ts';
export type { DebianProgramName } from './programs/debian-catalogue.ts';
export { findProgram, findPrograms } from './programs/find-program.ts';
export { JUDGE_VERSIONS } from './programs/catalogue.ts';
export { ProgramNotFoundError } from './programs/program-not-found-error.ts';
export type { ProgramName } from './programs/catalogue.ts';
export { caSecret } from './pki/ca-secret.ts';
export { CertificateAuthority } from './pki/certificate-authority.ts';
export type { CertificateOptions, IssuedCertificate } from './pki/certificate-authority.ts';
export { argoCdActionPatch, argoCdActions, argoCdHealth } from './verdicts/argo-cd.ts';
export { cronJobTimes } from './verdicts/cron-job.ts';
export { kstatus } from './verdicts/kstatus.ts';
export type { HealthCheckExpressions } from './verdicts/kstatus.ts';
export type { Verdict } from './verdicts/verdict.ts';
export { cannotRunNode } from './real-node/cannot-run-node.ts';
export { lacksRootRights } from './root-rights.ts';
export { waitFor, WaitTimeoutError } from './wait.ts';
export { Chain, startChain } from './chain.ts';
export type { ChainOptions, FollowerOptions } from './chain.ts';
export { SdkChain, startSdkChain } from './sdk-chain.ts';
export type { SdkChainOptions, SdkNodeOptions } from './sdk-chain.ts';
export { SdkCommands } from './chain/sdk-commands.ts';
export { seiLocalStateSync } from './sei/local-state-sync.ts';
export type { ListedSnapshot } from './chain/sdk-commands.ts';
export { trustedSettings } from './chain/chain-rpc.ts';
export { ChainNode } from './chain/chain-node.ts';
export type { NodeConfig } from './chain/node-config.ts';
export { S3Server, startS3 } from './s3.ts';
export type { S3Options } from './s3.ts';
export { s3Error } from './s3/s3-error.ts';
export type { S3Files, S3Object, S3Upload } from './s3/s3-files.ts';
export { Ec2Server, startEc2 } from './ec2.ts';
export type { Ec2Instance, Ec2Options } from './ec2.ts';
export { AgentProcess } from './agent-process.ts';
export type { AgentAnswer, AgentSettings } from './agent-process.ts';
export { Cluster, startCluster } from './cluster.ts';
export type { AgentPodOptions, ClusterOptions } from './cluster.ts';
export { watchWithKubectl } from './kube/kubectl-watch.ts';
export { waitForObject } from './kube/wait-for-object.ts';
export { OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';
export type { ReceivedSpan } from './otlp-receiver.ts';
export { FakeKubelet } from './kubelet.ts';
export type { Pod } from './pods/pod.ts';
export { podStatusPatch } from './pods/pod-status.ts';
export { agentPodManifest } from './pods/agent-pod-manifest.ts';
export { StatusWriter, StatusWriters } from './status-writers.ts';
export type { NodeTaskObject, Row, Written } from './status-writers.ts';
export { OperatorProcess } from './operator-process.ts';
export type { OperatorSettings } from './operator-process.ts';
