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
