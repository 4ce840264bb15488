import { libCIfPermitted } from "./libc.ts";
import { textOf } from "./process_identity.ts";

const RLIMIT_NOFILE = 7;
/** `struct pollfd`: a descriptor, the events asked for, those that came. */
const POLLFD_BYTES = 8;
const POLLFD_RESULT = 6;
const POLLNVAL = 0x20;
/** Larger tables are not looked through; it would take milliseconds. */
const MOST_SLOTS = 262_144;

/** The process's descriptors. */
export interface OpenDescriptors {
  readonly open: number;
  /** How many may be open (the soft limit). */
  readonly most: number;
}

/** Undefined where the system does not tell. Asks the system about each descriptor there may be. */
export function openDescriptors(): OpenDescriptors | undefined {
  const c = libCIfPermitted();
  if (c === undefined) return undefined;
  const limits = new Uint8Array(16);
  if (c.getrlimit(RLIMIT_NOFILE, limits) !== 0) return undefined;
  const most = Number(new DataView(limits.buffer).getBigUint64(0, true));
  // The size of the table that holds them; poll refuses more than the limit.
  const slots = Number(/^FDSize:\s+(\d+)/m.exec(textOf(c, "/proc/self/status"))?.[1]);
  const asked = Math.min(slots, most);
  if (!(asked > 0 && asked <= MOST_SLOTS)) return undefined;
  const entries = new Uint8Array(asked * POLLFD_BYTES);
  const view = new DataView(entries.buffer);
  for (let at = 0; at < asked; at++) view.setInt32(at * POLLFD_BYTES, at, true);
  if (c.poll(entries, asked, 0) < 0) return undefined;
  let open = 0;
  for (let at = 0; at < asked; at++) {
    if ((view.getInt16(at * POLLFD_BYTES + POLLFD_RESULT, true) & POLLNVAL) === 0) open++;
  }
  return { open, most };
}
