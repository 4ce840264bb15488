import { openDescriptors } from "../../runtime/mod.ts";
import type { Gateway } from "../gateway.ts";

/** The event loop counts as stuck when it has not been seen to turn for so long, milliseconds. */
const SILENT_MS = 10_000;
/** Share of the descriptors from which on the server is not ready: new connections soon fail. */
const MOST_DESCRIPTORS = 0.9;

/** What one look at the server found. */
export interface HealthCheck {
  readonly name: CheckName;
  readonly ok: boolean;
  /** Says nothing of paths, hosts or functions: anybody may read it. */
  readonly detail: string;
}

type Look = (gateway: Gateway) => { readonly ok: boolean; readonly detail: string };

/** What must be so before the server should be sent work. */
const READY: Readonly<Record<ReadyName, Look>> = {
  listeners: ({ server }) => {
    const { length } = server.addresses;
    const ok = length > 0 && server.phase !== "stopped";
    return { ok, detail: ok ? `${length} open` : "none is open" };
  },
  loaded: ({ server }) => {
    const ok = server.phase !== "loading";
    return { ok, detail: ok ? "all jobs are taken up" : "jobs are being taken up from the store" };
  },
  store: ({ server }) => {
    const { up, durability } = server.storeCondition();
    return { ok: up, detail: up ? `takes jobs; they survive: ${durability}` : "takes no jobs" };
  },
  accepting: ({ server }) => {
    const ok = server.phase !== "draining" && server.phase !== "stopped";
    return { ok, detail: ok ? "takes new jobs" : "is being drained" };
  },
  descriptors: () => {
    const descriptors = openDescriptors();
    if (descriptors === undefined) return { ok: true, detail: "the system does not tell" };
    const { open, most } = descriptors;
    return { ok: open < most * MOST_DESCRIPTORS, detail: `${open} of ${most} are open` };
  },
};

/** What is worth a look, but no reason to send the work elsewhere. */
const FURTHER: Readonly<Record<FurtherName, Look>> = {
  loop: ({ figures }) => {
    const { silentMs } = figures.loop;
    return { ok: silentMs < SILENT_MS, detail: `turned ${Math.round(silentMs)} ms ago` };
  },
  stalled: ({ figures }) => {
    figures.sweep();
    const { length } = figures.stalls.functions;
    return { ok: length === 0, detail: `${length} functions are stalled` };
  },
};

export const READY_NAMES = ["listeners", "loaded", "store", "accepting", "descriptors"] as const;
type ReadyName = (typeof READY_NAMES)[number];
const FURTHER_NAMES = ["loop", "stalled"] as const;
type FurtherName = (typeof FURTHER_NAMES)[number];
export const CHECK_NAMES = [...READY_NAMES, ...FURTHER_NAMES] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

export function checkHealth(gateway: Gateway, name: CheckName): HealthCheck {
  return { name, ...{ ...READY, ...FURTHER }[name](gateway) };
}

/** All that has to be so, in order. */
export function checkReadiness(gateway: Gateway): HealthCheck[] {
  return READY_NAMES.map((name) => checkHealth(gateway, name));
}
