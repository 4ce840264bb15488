/** How jobs come in over HTTP: one by one, in bulk, waited for or not. */
export { SUBMIT_ROUTES } from "./submit_routes.ts";

// For the old dialect, which submits in the same way and answers in another.
export { endedJob, OCTETS } from "./answers.ts";
export { parseJobOptions } from "./job_options.ts";
export type { OptionSource } from "./option_reader.ts";
export {
  type Order,
  place,
  requireServing,
  requireStorable,
  storeUnavailable,
} from "./placement.ts";
export { placeWithWait, timedOut, waitProblem } from "./waiting_placement.ts";
