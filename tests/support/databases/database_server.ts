/** A database server that a test does everything to that happens to such servers. */
export interface DatabaseServer {
  /** The same through all restarts. On 127.0.0.1. */
  readonly port: number;
  /** What a client needs to get in, as the administrator. */
  readonly url: string;
  /** What it has printed: its log. */
  readonly log: string;
  /** Runs statements as the administrator with the database's own client; answers what that prints. */
  sql(text: string): Promise<string>;
  /** Orderly stop. What it holds stays. Fine when it is paused or not running. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill9(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again, after an orderly stop if it runs. Settles when it answers. */
  restart(): Promise<void>;
  /** Stops it and removes all that it held. */
  [Symbol.asyncDispose](): Promise<void>;
}
