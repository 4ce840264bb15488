export { ListenError } from "./listener.ts";
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
} from "./listener.ts";
export { LIBC_PATHS, LibCError } from "./libc.ts";
export { setOpenFilesLimit } from "./open_files.ts";
export {
  type DetachedChild,
  nameProcess,
  processArguments,
  readEnvironment,
  startDetachedSelf,
} from "./process.ts";
export { becomeUser, findUser, type SystemUser } from "./process_user.ts";
export { UnixDatagramSender } from "./unix_datagram.ts";
