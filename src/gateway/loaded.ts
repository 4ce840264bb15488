import type { RunningServer } from "../server/mod.ts";
import { Problem } from "./problem.ts";

/** How long a request waits for a server that still takes up its jobs, milliseconds. */
const PATIENCE_MS = 2_000;

/**
 * Waits until the store's jobs are taken up: most starts are over before a caller that was quick would try
 * again. Rejects with the problem `starting` when it takes longer.
 */
export async function untilLoaded(
  { loaded, clock }: Pick<RunningServer, "loaded" | "clock">,
): Promise<void> {
  const late = Promise.withResolvers<false>();
  const cancel = clock.later(PATIENCE_MS, () => late.resolve(false));
  // If it cannot be loaded the server ends, and says why.
  const done = loaded.then(() => true, () => false);
  const isLoaded = await Promise.race([done, late.promise]);
  cancel();
  if (isLoaded) return;
  throw new Problem("starting", "The server is still taking up its jobs; try again in a moment", {
    retryAfter: 1,
  });
}
