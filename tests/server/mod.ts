/** A whole server without sockets, on a clock and a store that a test moves. */
export { FakeClock } from "./fake_clock.ts";
export { MemoryNetwork, MemoryPeer, request } from "./memory_network.ts";
export { ScriptedStore, turn } from "./scripted_store.ts";
export {
  type Fixture,
  type FixtureOptions,
  startDurableFixture,
  startFixture,
} from "./server_fixture.ts";
