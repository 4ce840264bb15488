export { addressText, joinHostnames } from "./addresses.ts";
export { afterSending, afterTurn } from "./after_turn.ts";
export { ignoredKeepAliveSettings, type KeepAliveSetting } from "./keep_alive.ts";
export { dial, listen } from "./listen.ts";
export { checksClientCertificates } from "./tls_support.ts";
export { ALL_ADDRESSES, ListenError } from "./listener.ts";
export type {
  Connection,
  ConnectionHandler,
  Dial,
  KeepAlive,
  Listen,
  ListenAddress,
  Listener,
  ListenerHandler,
  ListenErrorCode,
  ListenOptions,
  ListenTls,
  TlsMaterial,
} from "./listener.ts";
export type { LoopTurns } from "./loop_turns.ts";
export { openLoopTurns } from "./open_loop_turns.ts";
export {
  importsTypeScript,
  type RuntimeName,
  runtimeName,
  runtimeVersion,
} from "./runtime_name.ts";
export { LIBC_PATHS, LibCError } from "./libc.ts";
export { setOpenFilesLimit } from "./open_files.ts";
export { hideInProcessList } from "./process_list.ts";
export {
  calledName,
  type DetachedChild,
  nameProcess,
  processArguments,
  readEnvironment,
  startDetachedSelf,
} from "./process.ts";
export { isProcessGone, ownProcess, type ProcessIdentity } from "./process_identity.ts";
export { type OpenDescriptors, openDescriptors } from "./open_descriptors.ts";
export { becomeUser, findUser, type SystemUser } from "./process_user.ts";
export { UnixDatagramSender } from "./unix_datagram.ts";
export {
  giveUpStartingPrograms,
  killRemains,
  type Program,
  type ProgramEnd,
  type ProgramHandlers,
  type ProgramOptions,
  ProgramStartError,
  type ProgramStartErrorCode,
  signalProgram,
  startProgram,
} from "./program.ts";
export { memoryOf, startingEnvironment } from "./process_facts.ts";
