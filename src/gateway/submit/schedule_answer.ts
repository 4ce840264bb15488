import type { Call } from "../call.ts";
import { createdSchedule } from "../plan/mod.ts";
import { SCHEDULE_DEFAULTS } from "../schedules/mod.ts";
import type { Order } from "./placement.ts";

/**
 * `cron`: makes a schedule instead of a job (SUBMIT_JOB_SCHED), as `POST /schedules` does. 201 when it
 * is kept. Who submits with it must be allowed to operate the function.
 */
export async function answerWithSchedule(call: Call, order: Order): Promise<Response> {
  const { functionName, unique, priority, reducer, schedule } = order.options;
  const { cron, timeZone } = schedule!;
  return await createdSchedule(call, {
    ...SCHEDULE_DEFAULTS,
    functionName,
    unique,
    payload: order.workload,
    priority,
    reducer,
    cron,
    ...(timeZone === undefined ? {} : { timeZone }),
  });
}
