import { Buffer } from "node:buffer";
import { Stopwatch } from "./cpu_time.ts";
import { openLink } from "./link.ts";
import { ALL_OPEN, type LoadResult, type StreamsPlan } from "./plan.ts";

/** Connections in the making at one time. */
const AT_ONCE = 64;
/** What a stream begins with once it is open, and what it ends with. */
const FIRST = "\nevent: queued\n";
const LAST = "\nevent: complete\n";

/**
 * Opens a stream for each job, says so when all have got their first event, and ends when all were told
 * of their job's end. Measured is from the first one told to the last one.
 */
export async function runStreams(
  plan: StreamsPlan,
  fail: (cause: Error) => void,
): Promise<LoadResult> {
  const { streams, first } = plan;
  const counts = { open: 0, over: 0 };
  let watch = new Stopwatch(0);
  const late = setTimeout(
    () => fail(new Error(`${counts.open} of ${streams} streams opened, ${counts.over} ended`)),
    plan.limitMs,
  );
  const over = Promise.withResolvers<void>();
  const open = new Promise<void>((allOpen) => {
    const follow = async (number: number) => {
      await openStream(plan, `${plan.handlePrefix}${number}`, {
        opened: () => ++counts.open === streams && allOpen(),
        ended() {
          if (++counts.over === 1) watch = new Stopwatch(0);
          if (counts.over === streams) over.resolve();
        },
        lost: fail,
      });
    };
    const opening = async () => {
      for (let at = 0; at < streams; at += AT_ONCE) {
        const most = Math.min(AT_ONCE, streams - at);
        await Promise.all(Array.from({ length: most }, (_, i) => follow(first + at + i)));
      }
    };
    opening().catch(fail);
  });
  await open;
  console.error(ALL_OPEN);
  await over.promise;
  clearTimeout(late);
  return { count: counts.over, ...watch.read(), latency: null, refused: 0 };
}

interface StreamEvents {
  opened(): void;
  ended(): void;
  lost(cause: Error): void;
}

async function openStream(
  { httpPort }: StreamsPlan,
  handle: string,
  events: StreamEvents,
): Promise<void> {
  let seen = "";
  let opened = false;
  let ended = false;
  const link = await openLink(httpPort, {
    data(chunk) {
      if (ended) return;
      // The end of one piece and the beginning of the next may share an event's name.
      seen = seen.slice(-100) + chunk.toString("latin1");
      if (!opened && seen.includes(FIRST)) {
        opened = true;
        events.opened();
      }
      if (!seen.includes(LAST)) return;
      ended = true;
      events.ended();
    },
    lost: (cause) => ended || events.lost(cause),
  });
  link.write(Buffer.from(`GET /jobs/${handle}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`));
}
