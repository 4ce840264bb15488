/** All that a store plugin may import. */
export { Adoption, type ForeignCell, type ForeignRow, type UnreadableRow } from "./adoption.ts";
export { backOffMs } from "./back_off.ts";
export { bytesOfName, nameOfBytes } from "./byte_names.ts";
export {
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  type GearmandReader,
  inHalves,
} from "./gearmand_export.ts";
export {
  type HighWater,
  highWaterFrom,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  recordsOfHighWater,
} from "./high_water.ts";
export {
  acquireLease,
  decodeHolder,
  describeHolder,
  encodeHolder,
  LEASE_TIMES,
  type LeaseHolder,
  type LeasePlace,
  type LeaseSearch,
  leaseSearch,
  type LeaseState,
  newLeaseHolder,
  type ProcessIdentity,
  type ProcessWitness,
  takenOver,
} from "./lease.ts";
export { SteadySession } from "./reconnect.ts";
export {
  type Failure,
  type Operation,
  SESSION_TIMES,
  type SessionClock,
  type SessionDriver,
  type SessionSettings,
  type SessionTimes,
} from "./session_driver.ts";
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
  StoreFigures,
  StoreHost,
  StoreOption,
  StoreOptions,
  StorePlugin,
  StoreTraits,
} from "./store_plugin.ts";
export { REPLAY_PAGE_LIMITS } from "./store_plugin.ts";
export { asStoreError, openingFault, StoreError, type StoreErrorCode } from "./store_error.ts";
export { batchBytes, commitOperation, STORE_OPERATIONS } from "./store_operations.ts";
export { decodeUrlPart, type StoreUrl, valuesOfUrl } from "./store_url.ts";
