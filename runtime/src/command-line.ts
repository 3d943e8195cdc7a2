export { ConfigError, quote } from './command-line/config-error.ts';
export {
  type CommandLineSources,
  type OptionSpec,
  type ProgramCommand,
  readCommandLine,
} from './command-line/read-command-line.ts';
export { type ProcessConfig, processConfig, processOptions, processSchema } from './command-line/process-options.ts';
export { dnsName, filePath, type ListenAddress, listenAddress, wholeNumber } from './command-line/option-values.ts';
export { runProgram } from './command-line/run-program.ts';
