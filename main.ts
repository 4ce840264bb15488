/** `cogd`: wires command line, store and server together, and ends the process with the exit code. */

import process from "node:process";
import { BUILT_IN_PLUGINS } from "./plugins/mod.ts";
import {
  ENVIRONMENT_NAMES,
  exportQueue,
  HTTP_GRACE_MS,
  type Logger,
  manageTokens,
  run,
  type ServeConfig,
  startHttp,
  type StartServer,
  VERSION,
  work,
} from "./src/cli/mod.ts";
import type { JobStore } from "./src/plugin_api/mod.ts";
import { byteStringFromText } from "./src/protocol/mod.ts";
import {
  afterTurn,
  giveUpStartingPrograms,
  isProcessGone,
  listen,
  ownProcess,
  processArguments,
  readEnvironment,
} from "./src/runtime/mod.ts";
import { startServer, SYSTEM_CLOCK } from "./src/server/mod.ts";

/** Opens the store that the configuration chose. */
function openStore(config: ServeConfig, log: Logger, forExport: boolean): Promise<JobStore> {
  const { plugin, values, namespace } = config.queue;
  return plugin.open({ values, dataDir: config.dataDir, forExport }, {
    log: (level, text) => log.log(level, text),
    now: SYSTEM_CLOCK.now,
    namespace,
    handlePrefix: byteStringFromText(`${config.handlePrefix}:`),
    process: { self: ownProcess(), isGone: isProcessGone },
  });
}

/** Opens the store, the server on top of it, and HTTP on top of that. */
const start: StartServer = async (config, parts) => {
  const { listenOn, listen, log } = parts;
  await giveUpStartingPrograms();
  const store = await openStore(config, log, false);
  const server = await startServer({
    listen: listenOn,
    backlog: config.backlog,
    keepAlive: config.keepAlive,
    limits: config.limits,
    wakeUps: config.wakeUps,
    maxAttempts: config.maxAttempts,
    exceptions: config.exceptions,
    handlePrefix: byteStringFromText(`${config.handlePrefix}:`),
    namespace: config.queue.namespace,
    facts: { version: VERSION, verbose: () => config.log.verbosity, pid: process.pid },
  }, {
    listen,
    afterTurn,
    clock: SYSTEM_CLOCK,
    store,
    log: (level, text) => log.log(level, text),
    logs: (level) => log.enabled(level),
  }).catch(async (error) => {
    await store.close();
    throw error;
  });
  const http = await startHttp(config, server, parts).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return {
    addresses: server.addresses,
    httpAddresses: http?.addresses ?? [],
    store: store.traits,
    loaded: server.loaded,
    lost: server.lost,
    drain: () => {
      server.setDraining(true);
      return server.drain();
    },
    stop: async () => {
      await http?.close(HTTP_GRACE_MS);
      await server.stop();
    },
  };
};

const output = {
  plugins: await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load())),
  stdout: (text: string) => process.stdout.write(text),
  stderr: (text: string) => process.stderr.write(text),
};
const roles = new Map([
  [
    "export",
    (args: readonly string[], environment: Readonly<Record<string, string>>) =>
      exportQueue(args, environment, {
        ...output,
        open: (config, log) => openStore(config, log, true),
      }),
  ],
  [
    "token",
    (args: readonly string[]) =>
      Promise.resolve(manageTokens(args, { ...output, now: SYSTEM_CLOCK.now })),
  ],
  [
    "work",
    (args: readonly string[], environment: Readonly<Record<string, string>>) =>
      work(args, environment, output),
  ],
]);
const exitCode = await run(processArguments(), readEnvironment(ENVIRONMENT_NAMES), {
  ...output,
  listen,
  start,
  roles,
});
process.exit(exitCode);
