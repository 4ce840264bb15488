/** All that a store plugin may import. */
export { NEXT_HANDLE_RECORD, NEXT_KEY_RECORD } from "./high_water.ts";
export type {
  NamedRecord,
  StoredJob,
  StoredJobUpdate,
  StoredOutcome,
  StoredPriority,
  StoredState,
} from "./stored_job.ts";
export type {
  Durability,
  JobStore,
  LogLevel,
  ReplayPage,
  StoreBatch,
  StoreHost,
  StoreOption,
  StoreOptions,
  StorePlugin,
  StoreTraits,
} from "./store_plugin.ts";
export { StoreError, type StoreErrorCode } from "./store_error.ts";
