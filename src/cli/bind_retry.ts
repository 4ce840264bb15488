import { type Listen, type Listener, ListenError, type ListenOptions } from "../runtime/mod.ts";
import type { ListenerHandler } from "../runtime/mod.ts";
import { ANY_IPV4, ANY_IPV6 } from "./listen_addresses.ts";
import type { Logger } from "./log.ts";

/** Seconds between the attempts, as the reference waits (command line section 4): 22 in all. */
export const BIND_WAITS_SECONDS = [1, 2, 4, 6, 9] as const;

export interface BindRetryOptions {
  readonly log: Logger;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Listens like `listen`, but waits for an address that is in use (the server that is being replaced
 * may still be ending), and takes all IPv4 addresses where a system without IPv6 cannot take all of
 * both.
 */
export function patientListen(listen: Listen, options: BindRetryOptions): Listen {
  const retrying = retryWhileInUse(listen, options);
  return async (where, handler) => {
    try {
      return await retrying(where, handler);
    } catch (error) {
      if (where.hostname !== ANY_IPV6 || !lacksAddress(error)) throw error;
      return await retrying({ ...where, hostname: ANY_IPV4 }, handler);
    }
  };
}

function retryWhileInUse(listen: Listen, { log, sleep }: BindRetryOptions): Listen {
  return async (where: ListenOptions, handler: ListenerHandler): Promise<Listener> => {
    const address = formatAddress(where);
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

function lacksAddress(error: unknown): boolean {
  return error instanceof ListenError &&
    (error.code === "ADDRESS_NOT_AVAILABLE" || error.code === "SOCKET_FAILED");
}

/** `1.2.3.4:4730` or `[::1]:4730`. */
export function formatAddress({ hostname, port }: { hostname: string; port: number }): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
