import process from "node:process";
import {
  HTTP_GRACE_MS,
  type Logger,
  type ServeConfig,
  startHttp,
  type StartParts,
  type StartServer,
  VERSION,
} from "../cli/mod.ts";
import type { JobStore } from "../plugin_api/mod.ts";
import { byteStringFromText } from "../protocol/mod.ts";
import {
  afterSending,
  afterTurn,
  giveUpStartingPrograms,
  isProcessGone,
  ownProcess,
} from "../runtime/mod.ts";
import { startServer, SYSTEM_CLOCK } from "../server/mod.ts";

/** Opens the store that the configuration chose. */
export function openStore(config: ServeConfig, log: Logger, forExport: boolean): Promise<JobStore> {
  const { plugin, values, namespace } = config.queue;
  return plugin.open({ values, dataDir: config.dataDir, forExport }, {
    log: (level, text) => log.log(level, text),
    now: SYSTEM_CLOCK.now,
    namespace,
    handlePrefix: byteStringFromText(`${config.handlePrefix}:`),
    process: { self: ownProcess(), isGone: isProcessGone },
  });
}

/**
 * What a store finds while it is opened is told once and at every verbosity: jobs of gearmand that were
 * taken over, rows that were not, settings of a database that promise little.
 */
function openingLog({ log, announce }: StartParts): { readonly log: Logger; opened(): void } {
  let opening = true;
  return {
    log: {
      log: (level, text) => {
        if (opening && level !== "INFO" && level !== "DEBUG") announce(level, text);
        else log.log(level, text);
      },
      enabled: (level) => log.enabled(level),
    },
    opened: () => opening = false,
  };
}

/** Opens the store, the server on top of it, and HTTP on top of that. */
export const startJobServer: StartServer = async (config, parts) => {
  const { listenOn, listen, log } = parts;
  await giveUpStartingPrograms();
  const opening = openingLog(parts);
  const store = await openStore(config, opening.log, false);
  opening.opened();
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
    afterSending,
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
