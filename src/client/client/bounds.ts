import { GearmanError, startTimer } from "../wire/mod.ts";

/** The caller's own bounds for something that takes time. */
export interface Bounds {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `over` once when the time is up or the signal aborts (also when it is aborted already);
 * answers how to end the watch. `what` stands in the error's text.
 */
export function watchBounds(
  { timeoutMs = 0, signal }: Bounds,
  what: string,
  over: (error: GearmanError) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  };
  const aborted = () => {
    end();
    over(new GearmanError("ABORTED", `${what} was aborted`, { cause: signal?.reason }));
  };
  if (signal?.aborted === true) {
    aborted();
    return end;
  }
  signal?.addEventListener("abort", aborted);
  if (timeoutMs > 0) {
    timer = startTimer(() => {
      end();
      over(new GearmanError("TIMEOUT", `${what} was not answered in ${timeoutMs} ms`));
    }, timeoutMs);
  }
  return end;
}
