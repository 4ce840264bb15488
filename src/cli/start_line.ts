import type { Durability, StoreTraits } from "../plugin_api/mod.ts";
import { addressText, type ListenAddress } from "../runtime/mod.ts";
import { VERSION } from "./version.ts";

const PROMISES: Readonly<Record<Durability, string>> = {
  nothing: "background jobs are lost when it stops",
  restart: "acknowledged background jobs survive a restart or a crash, but not a power loss",
  "power-loss": "acknowledged background jobs survive power loss",
};

/** Which ports have TLS. */
export interface SecuredPorts {
  readonly gearman: boolean;
  readonly http: boolean;
}

const NO_TLS: SecuredPorts = { gearman: false, http: false };

/** The line that says where the server listens, HTTP included, and what it promises. */
export function startLine(
  addresses: readonly ListenAddress[],
  httpAddresses: readonly ListenAddress[],
  store: Pick<StoreTraits, "description" | "durability" | "promise">,
  tls: SecuredPorts = NO_TLS,
): string {
  const scheme = tls.http ? "https" : "http";
  const places = [
    ...addresses.map((address) => `${addressText(address)}${tls.gearman ? " (TLS)" : ""}`),
    ...httpAddresses.map((address) => `${scheme}://${addressText(address)}`),
  ];
  return `cogd ${VERSION} listening on ${places.join(", ")}; ` +
    `queue ${store.description}: ${store.promise ?? PROMISES[store.durability]}`;
}
