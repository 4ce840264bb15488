import { Stopwatch } from "./cpu_time.ts";
import type { IdlePlan, LoadResult } from "./plan.ts";
import { startWorker } from "./worker.ts";

/** Connections in the making at one time: fewer than C gearmand's listen backlog of 32. */
const AT_ONCE = 16;

/** Connects the workers and waits until each has been told that there is no job and sleeps. */
export async function runIdle(plan: IdlePlan, fail: (cause: Error) => void): Promise<LoadResult> {
  const watch = new Stopwatch(0);
  const late = setTimeout(
    () => fail(new Error(`only ${asleep} of ${plan.workers} workers got through`)),
    plan.limitMs,
  );
  let asleep = 0;
  let all = () => {};
  const ready = new Promise<void>((resolve) => all = resolve);
  for (let left = plan.workers; left > 0; left -= AT_ONCE) {
    await Promise.all(
      Array.from(
        { length: Math.min(left, AT_ONCE) },
        () =>
          startWorker(plan.port, plan.resultBytes ?? 0, {
            done: () => {},
            asleep() {
              if (++asleep === plan.workers) all();
            },
            lost: fail,
          }),
      ),
    );
  }
  await ready;
  clearTimeout(late);
  return { count: asleep, ...watch.read(), latency: null, refused: 0 };
}
