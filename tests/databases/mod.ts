/** What every store behind a database server must survive, as tests; each store's folder runs them. */
export { CommitLoad, commitUntilHeld } from "./commit_load.ts";
export { exerciseFaults, type FaultPlace, type StoreWithServer } from "./faults.ts";
export { eventually } from "./eventually.ts";
export { exerciseServed, type ServedStore } from "./served.ts";
export { drainQueue, LOAD_FUNCTION, SubmitLoad } from "./submit_load.ts";
