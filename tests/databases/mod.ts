/** What every store behind a database server must survive, as tests; each store's folder runs them. */
export { CommitLoad, commitUntilHeld } from "./commit_load.ts";
export { eventually } from "./eventually.ts";
export { exerciseFaults } from "./faults.ts";
export {
  type Essence,
  essenceOf,
  exported,
  storedByGearmand,
  takenUp,
  workedOff,
} from "./gearmand_queue.ts";
export { assertKeys, exerciseLease, witness } from "./lease.ts";
export { exerciseServed, SERVED_FLAVOURS } from "./served.ts";
export { drainQueue, LOAD_FUNCTION, SubmitLoad } from "./submit_load.ts";
export { exerciseTakeOver } from "./taken_over.ts";
export {
  type CommandLine,
  endSessions,
  type PlaceOptions,
  type StoreWithServer,
  type TestPlace,
} from "./test_place.ts";
