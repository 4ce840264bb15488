import { dialOnBun, listenOnBun } from "./bun_listener.ts";
import { dialOnDeno, listenOnDeno } from "./deno_listener.ts";
import { ALL_ADDRESSES, type Dial, type Listen, type Listener, ListenError } from "./listener.ts";
import { runtimeName } from "./runtime_name.ts";

const listenOnce: Listen = runtimeName === "deno" ? listenOnDeno : listenOnBun;

export const dial: Dial = runtimeName === "deno" ? dialOnDeno : dialOnBun;

/** Opens a listener. One that is already closed again when another half of it cannot be bound. */
export const listen: Listen = (options, handler) =>
  options.hostname === ALL_ADDRESSES
    ? listenEverywhere(options, handler)
    : listenOnce(options, handler);

/** `::` takes IPv4 as well unless the system was told otherwise; then `0.0.0.0` is free to bind. */
const listenEverywhere: Listen = async (options, handler) => {
  let both: Listener;
  try {
    both = await listenOnce(options, handler);
  } catch (error) {
    if (!(error instanceof ListenError) || !isWithoutIPv6(error)) throw error;
    return listenOnce({ ...options, hostname: "0.0.0.0" }, handler);
  }
  const four = { ...options, hostname: "0.0.0.0", port: both.address.port };
  try {
    return joined(both, await listenOnce(four, handler));
  } catch (error) {
    if (error instanceof ListenError && error.code === "ADDRESS_IN_USE") return both;
    await both.close();
    throw error;
  }
};

/** A kernel without IPv6 knows no such family of addresses, or has no such address. */
function isWithoutIPv6({ code }: ListenError): boolean {
  return code === "ADDRESS_NOT_AVAILABLE" || code === "SOCKET_FAILED";
}

function joined(first: Listener, second: Listener): Listener {
  return {
    address: first.address,
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
    renew: async (material) => {
      await Promise.all([first.renew?.(material), second.renew?.(material)]);
    },
  };
}
