/** A whole server without sockets, for the tests of what is built on it. */
export { FakeClock } from "./fake_clock.ts";
export { type HttpJob, keyHash, submitHttp } from "./http_job.ts";
export { MemoryNetwork, type MemoryPeer, request } from "./memory_network.ts";
export { ScriptedStore, turn } from "./scripted_store.ts";
export {
  type Fixture,
  type FixtureOptions,
  startDurableFixture,
  startFixture,
} from "./server_fixture.ts";
export { openSqlite } from "./sqlite_queue.ts";
