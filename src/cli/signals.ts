import process from "node:process";

/** What signals ask for (command line section 4). SIGPIPE is ignored by the runtimes themselves. */
export interface SignalHandlers {
  /** SIGTERM, SIGINT: stop now. */
  stop(): void;
  /** SIGUSR1: stop when no job is left. */
  drain(): void;
  /** SIGHUP: open the log file anew, read certificates again. */
  reload(): void;
}

/** Answers signals until the returned function is called. */
export function watchSignals(handlers: SignalHandlers): () => void {
  const reactions = [
    ["SIGTERM", () => handlers.stop()],
    ["SIGINT", () => handlers.stop()],
    ["SIGUSR1", () => handlers.drain()],
    ["SIGHUP", () => handlers.reload()],
  ] as const;
  for (const [name, react] of reactions) process.on(name, react);
  return () => {
    for (const [name, react] of reactions) process.off(name, react);
  };
}

/** Calls back for an error that nobody caught, until the returned function is called. */
export function watchCrashes(crashed: (error: unknown) => void): () => void {
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  return () => {
    process.off("uncaughtException", crashed);
    process.off("unhandledRejection", crashed);
  };
}
