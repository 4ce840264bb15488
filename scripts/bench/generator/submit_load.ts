import { Client } from "./client.ts";
import { Stopwatch } from "./cpu_time.ts";
import type { LoadResult, SubmitPlan } from "./plan.ts";
import { Submissions } from "./submissions.ts";

/** Fills the queue with `before` jobs, then measures how fast `count` more are accepted. */
export async function runSubmit(
  plan: SubmitPlan,
  fail: (cause: Error) => void,
): Promise<LoadResult> {
  const submissions = new Submissions({ ...plan, foreground: false }, plan.window);
  let refused = 0;
  let left = 0;
  let unanswered = 0;
  let answered = 0;
  let over = () => {};

  function refill(client: Client, room: number): void {
    const count = Math.min(room, left);
    if (count > 0) {
      left -= count;
      unanswered += count;
      client.submit(count);
    } else if (unanswered === 0) {
      over();
    }
  }
  const clients: Client[] = [];
  for (let i = 0; i < plan.clients; i++) {
    clients.push(
      await Client.connect({
        port: plan.port,
        submissions,
        window: plan.window,
        latency: null,
        accepted(client, count) {
          answered += count;
          unanswered -= count;
          refill(client, count);
        },
        finished: () => {},
        refused: () => refused++,
        lost: fail,
      }),
    );
  }

  /** Submits until `count` are answered, or, when the time is over, those on their way. */
  async function submit(count: number, limitMs: number): Promise<void> {
    left = count;
    const ended = new Promise<void>((resolve) => over = resolve);
    const timer = setTimeout(() => left = 0, limitMs);
    for (const client of clients) refill(client, plan.window);
    await ended;
    clearTimeout(timer);
  }

  if (plan.before > 0) {
    await submit(plan.before, plan.fillLimitMs);
    if (answered < plan.before) throw new Error(`only ${answered} jobs were queued in time`);
  }
  const watch = new Stopwatch(plan.serverPid);
  const before = answered;
  if (plan.count > 0) await submit(plan.count, plan.limitMs);
  return { count: answered - before, ...watch.read(), latency: null, refused };
}
