import type { Scenario } from "../script.ts";
import { ABILITIES } from "./abilities.ts";
import { ABANDONMENT } from "./abandonment.ts";
import { ADMIN_FUNCTIONS } from "./admin_functions.ts";
import { ADMIN_LINES, IPV6, WHOLE_LISTS } from "./admin_lines.ts";
import { ASSIGNMENT, ROUND_ROBIN } from "./assignment.ts";
import { CANCEL } from "./cancel.ts";
import { COALESCING } from "./coalescing.ts";
import { DISCONNECTS, NO_RETRIES, RETRIES } from "./disconnects.ts";
import { EXAMPLES } from "./examples.ts";
import { FRAMING } from "./framing.ts";
import { DANGEROUS, REFUSED } from "./refused.ts";
import { EXCEPTIONS, RESULTS } from "./results.ts";
import { SPECIAL_JOBS } from "./special_jobs.ts";
import { STATUS } from "./status.ts";
import { SUBMIT } from "./submit.ts";
import { TIMED, TIMED_APART, TIMED_RETRIES } from "./timed.ts";
import { WAKE_ALL, WAKE_NUMBER, WAKE_TWO, WAKE_UPS } from "./wake_ups.ts";

/** Scripts that share the way their servers are started. */
export interface Group {
  readonly name: string;
  /** Options for both servers, or for one of them. */
  readonly options?: readonly string[];
  readonly cogdOptions?: readonly string[];
  /** Where they listen; default 127.0.0.1. */
  readonly hostname?: string;
  /**
   * `in turn` on one server is the default; `together` is on one server, all at once; `apart` is
   * each on a server of its own.
   */
  readonly played?: "in turn" | "together" | "apart";
  readonly scenarios: readonly Scenario[];
}

export const GROUPS: readonly Group[] = [
  { name: "time", played: "together", scenarios: TIMED },
  {
    name: "ordinary",
    scenarios: [
      ...FRAMING,
      ...REFUSED,
      ...SUBMIT,
      ...SPECIAL_JOBS,
      ...COALESCING,
      ...STATUS,
      ...ABILITIES,
      ...RESULTS,
      ...WAKE_UPS,
      ...ASSIGNMENT,
      ...DISCONNECTS,
      ...ABANDONMENT,
      ...ADMIN_LINES,
      ...ADMIN_FUNCTIONS,
      ...CANCEL,
    ],
  },
  {
    name: "apart",
    played: "apart",
    scenarios: [...EXAMPLES, ...WHOLE_LISTS, ...DANGEROUS, ...TIMED_APART],
  },
  {
    name: "options set",
    options: ["--worker-wakeup=1", "--round-robin", "--exceptions", "--job-retries=2"],
    scenarios: [...WAKE_NUMBER, ...ROUND_ROBIN, ...EXCEPTIONS, ...RETRIES],
  },
  {
    name: "options set to 0",
    options: ["--worker-wakeup=0", "--job-retries=0"],
    scenarios: [...WAKE_ALL, ...NO_RETRIES],
  },
  {
    name: "other numbers",
    options: ["--worker-wakeup=2", "--job-retries=1"],
    scenarios: [...WAKE_TWO, ...TIMED_RETRIES],
  },
  { name: "IPv6", hostname: "::1", scenarios: IPV6 },
];
