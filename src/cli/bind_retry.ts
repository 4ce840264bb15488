import { addressText, type Listen, ListenError } from "../runtime/mod.ts";
import type { Logger } from "./log.ts";

/** Seconds between the attempts, as the reference waits (command line section 4): 22 in all. */
export const BIND_WAITS_SECONDS = [1, 2, 4, 6, 9] as const;

export interface BindRetryOptions {
  readonly log: Logger;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Listens like `listen`, but waits for an address that is in use: the server that is being replaced
 * may still be ending.
 */
export function patientListen(listen: Listen, { log, sleep }: BindRetryOptions): Listen {
  return async (where, handler) => {
    const address = addressText(where);
    for (const wait of BIND_WAITS_SECONDS) {
      try {
        return await listen(where, handler);
      } catch (error) {
        if (!(error instanceof ListenError) || error.code !== "ADDRESS_IN_USE") throw error;
        const level = wait === BIND_WAITS_SECONDS[0] ? "ERROR" : "DEBUG";
        log.log(level, `Address ${address} is in use; trying again in ${wait} s`);
      }
      await sleep(wait * 1000);
    }
    return await listen(where, handler);
  };
}
