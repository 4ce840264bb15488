/** What tests and benchmarks share. Runs on Deno and Bun. */
export { type CertificateFiles, makeCertificates, type TestCertificates } from "./certificates.ts";
export { deadline, DeadlineError, PATIENCE_MS } from "./deadline.ts";
export { freePort } from "./free_port.ts";
export { TlsRelay } from "./tls_relay.ts";
export { askAndEnd, dialWithTls } from "./tls_dial.ts";
export { type Direction, TcpProxy, type TurnCut } from "./tcp_proxy.ts";
export { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";
export { PROGRAM_NAMES, programAvailable, programMissing, type ProgramName } from "./programs.ts";
export { Random, seedFrom } from "./random.ts";
export { PROJECT_ROOT, projectConfig, runtimeFlags } from "./project.ts";
export {
  childEnvironment,
  type ProgramResult,
  type RunOptions,
  runProgram,
} from "./run_program.ts";
export { type Exit, ServerProcess, type ServerProcessOptions } from "./server_process.ts";
export {
  binaryPath,
  COGD_BINARIES,
  COGD_FLAVOURS,
  cogdCommand,
  type CogdFlavour,
  flavourMissing,
  ownFlavour,
} from "./cogd_flavour.ts";
export { type RunningCogd, startCogd, type StartCogdOptions, waitForExit } from "./start_cogd.ts";
export {
  type RunningGearmand,
  startGearmand,
  type StartGearmandOptions,
} from "./start_gearmand.ts";
export { describePacket, type ReceivedPacket } from "./received_packet.ts";
export { type Ending, WireClient, type WireClientOptions } from "./wire_client.ts";
