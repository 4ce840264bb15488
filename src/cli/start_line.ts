import type { Durability, StoreTraits } from "../plugin_api/mod.ts";
import { addressText, type ListenAddress } from "../runtime/mod.ts";
import { VERSION } from "./version.ts";

const PROMISES: Readonly<Record<Durability, string>> = {
  nothing: "background jobs are lost when it stops",
  restart: "acknowledged background jobs survive a restart or a crash, but not a power loss",
  "power-loss": "acknowledged background jobs survive power loss",
};

/** The line that says where the server listens, HTTP included, and what it promises. */
export function startLine(
  addresses: readonly ListenAddress[],
  httpAddresses: readonly ListenAddress[],
  store: Pick<StoreTraits, "description" | "durability" | "promise">,
): string {
  const places = [
    ...addresses.map(addressText),
    ...httpAddresses.map((address) => `http://${addressText(address)}`),
  ];
  return `cogd ${VERSION} listening on ${places.join(", ")}; ` +
    `queue ${store.description}: ${store.promise ?? PROMISES[store.durability]}`;
}
