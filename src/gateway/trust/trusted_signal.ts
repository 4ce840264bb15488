import type { Problem } from "../problem.ts";
import { type Identity, unauthorized } from "./identity.ts";

/** A call's signal that its token ends as well. */
export interface TrustedSignal {
  readonly signal: AbortSignal;
  /** To be called when nobody waits any more. */
  release(): void;
}

/**
 * A signal that aborts with `signal`, and when the caller's token is withdrawn, changed or expired: with the
 * problem `unauthorized` then.
 */
export function trustedSignal(
  { identity, signal }: { readonly identity: Identity; readonly signal: AbortSignal },
): TrustedSignal {
  if (identity.onWithdrawn === null) return { signal, release: nothing };
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const unwatch = identity.onWithdrawn(() => controller.abort(tokenWithdrawn()));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    release() {
      unwatch();
      signal.removeEventListener("abort", abort);
    },
  };
}

function nothing(): void {}

/** What a call is answered whose token ended while it waited. */
export function tokenWithdrawn(): Problem {
  return unauthorized("The token was withdrawn or changed, or has expired", "invalid_token");
}
