import type { RunningServer } from "../../server/mod.ts";

/** What schedules need of the server. */
export type ScheduleServer = Pick<
  RunningServer,
  "act" | "clock" | "jobServer" | "phase" | "records" | "watch"
>;

export interface SchedulesParts {
  readonly server: ScheduleServer;
  /** How long the outcomes of runs are kept, milliseconds; 0 = not at all. */
  readonly retainMs: number;
  log(level: "WARNING" | "NOTICE", text: string): void;
}
