import type { Security } from "../gateway/mod.ts";
import type { LogLevel, StorePlugin, StoreTraits } from "../plugin_api/mod.ts";
import type { Listen, ListenAddress } from "../runtime/mod.ts";
import type { ServeConfig } from "./config.ts";
import type { Logger } from "./log.ts";

/** What the command line needs of a running server. */
export interface ServedQueue {
  /** The addresses that were really bound. */
  readonly addresses: readonly ListenAddress[];
  /** Those of HTTP; empty without it. */
  readonly httpAddresses: readonly ListenAddress[];
  readonly store: Pick<StoreTraits, "description" | "durability" | "promise">;
  /** Settles with the number of jobs once all that the store holds are taken up; rejects if it can't. */
  readonly loaded: Promise<number>;
  /** Settles, with the store's error, when another server has taken the store over: no job is given out any more. */
  readonly lost: Promise<Error>;
  /** Stops listening; settles when no job is left. */
  drain(): Promise<void>;
  /** Closes everything now; background jobs stay in the store. */
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface StartParts {
  readonly listenOn: readonly ListenAddress[];
  /** Opens sockets; waits while an address is in use. */
  readonly listen: Listen;
  /** Where HTTP listens; empty without it. */
  readonly httpListenOn: readonly ListenAddress[];
  /** Opens HTTP's sockets: waits while an address is in use, if that address was asked for. */
  readonly httpListen: Listen;
  /** Of the ports with TLS, for the metrics. */
  readonly tls: Security;
  readonly log: Logger;
  /** As `log.log`, whatever the verbosity is. */
  readonly announce: (level: LogLevel, text: string) => void;
  /** As SIGTERM; `gracefully`: as SIGUSR1. */
  readonly requestStop: (gracefully: boolean) => void;
}

/** Opens the store, then the sockets. Rejects with an error whose message is for the operator. */
export type StartServer = (config: ServeConfig, parts: StartParts) => Promise<ServedQueue>;

/** What `serve` is built on. */
export interface ServeParts {
  readonly plugins: readonly StorePlugin[];
  readonly listen: Listen;
  readonly start: StartServer;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Default: those of the system. */
  readonly defaultConfigFiles?: readonly string[];
}
