/**
 * "ending": `end` was called; what waits is sent, what comes is thrown away.
 * "destroyed": `destroy` was called; `closed` is on its way.
 */
export type ConnectionState = "open" | "ending" | "destroyed" | "gone";

/**
 * How long a peer may take to end its side after we ended ours, milliseconds. Long enough for a
 * round trip on a bad line, short enough that a peer that never ends costs a descriptor only briefly.
 */
export const LINGER_MS = 2_000;
