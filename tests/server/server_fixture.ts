import { DEFAULT_LIMITS, type Limits } from "../../src/core/mod.ts";
import type { JobStore } from "../../src/plugin_api/mod.ts";
import { type RunningServer, type ServerConfig, startServer } from "../../src/server/mod.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryNetwork, type MemoryPeer } from "./memory_network.ts";
import { ScriptedStore, turn } from "./scripted_store.ts";

export interface Fixture {
  readonly server: RunningServer;
  readonly clock: FakeClock;
  readonly log: string[];
  connect(): MemoryPeer;
}

export interface FixtureOptions {
  readonly store?: JobStore;
  readonly clock?: FakeClock;
  readonly limits?: Partial<Limits>;
  readonly config?: Partial<ServerConfig>;
  /** Do not wait for the store's jobs. */
  readonly stillLoading?: boolean;
}

/** A whole server on a memory network and a clock that stands still. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const network = new MemoryNetwork();
  const clock = options.clock ?? new FakeClock();
  const log: string[] = [];
  const server = await startServer({
    listen: [{ hostname: "127.0.0.1", port: 4730 }],
    backlog: 1,
    keepAlive: { enabled: false },
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    wakeUps: "one per job",
    maxAttempts: -1,
    exceptions: false,
    handlePrefix: "H:t:",
    namespace: "",
    facts: { version: "1.2.3", verbose: () => "ERROR", pid: 77 },
    ...options.config,
  }, {
    listen: network.listen,
    afterTurn: queueMicrotask,
    afterSending: queueMicrotask,
    clock,
    store: options.store ?? null,
    log: (level, text) => log.push(`${level} ${text}`),
    logs: () => true,
  });
  if (options.stillLoading !== true) {
    await server.loaded;
    await turn();
  }
  return { server, clock, log, connect: () => network.connect() };
}

/** A server whose store is answered by the test, and a client of it. */
export async function startDurableFixture(
  options: FixtureOptions = {},
): Promise<Fixture & { store: ScriptedStore; client: MemoryPeer }> {
  const store = new ScriptedStore();
  const fixture = await startFixture({ store, ...options });
  return { ...fixture, store, client: fixture.connect() };
}
