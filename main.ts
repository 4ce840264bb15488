/** `cogd`: wires command line, store and server together, and ends the process with the exit code. */

import process from "node:process";
import { BUILT_IN_PLUGINS } from "./plugins/mod.ts";
import { ENVIRONMENT_NAMES, run, type StartServer, VERSION } from "./src/cli/mod.ts";
import { byteStringFromText } from "./src/protocol/mod.ts";
import {
  afterTurn,
  isProcessGone,
  listen,
  ownProcess,
  processArguments,
  readEnvironment,
} from "./src/runtime/mod.ts";
import { startServer, SYSTEM_CLOCK } from "./src/server/mod.ts";

/** Opens the store that the configuration chose, then the server on top of it. */
const start: StartServer = async (config, { listenOn, listen, log }) => {
  const handlePrefix = byteStringFromText(`${config.handlePrefix}:`);
  const { plugin, values, namespace } = config.queue;
  const store = await plugin.open({ values, dataDir: config.dataDir }, {
    log: (level, text) => log.log(level, text),
    now: SYSTEM_CLOCK.now,
    namespace,
    handlePrefix,
    process: { self: ownProcess(), isGone: isProcessGone },
  });
  try {
    const server = await startServer({
      listen: listenOn,
      backlog: config.backlog,
      keepAlive: config.keepAlive,
      limits: config.limits,
      wakeUps: config.wakeUps,
      maxAttempts: config.maxAttempts,
      exceptions: config.exceptions,
      handlePrefix,
      namespace,
      facts: { version: VERSION, verbose: () => config.log.verbosity, pid: process.pid },
    }, {
      listen,
      afterTurn,
      clock: SYSTEM_CLOCK,
      store,
      log: (level, text) => log.log(level, text),
      logs: (level) => log.enabled(level),
    });
    return {
      addresses: server.addresses,
      store: store.traits,
      loaded: server.loaded,
      drain: () => server.drain(),
      stop: () => server.stop(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
};

const exitCode = await run(processArguments(), readEnvironment(ENVIRONMENT_NAMES), {
  plugins: await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load())),
  listen,
  start,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
});
process.exit(exitCode);
