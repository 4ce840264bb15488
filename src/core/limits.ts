/**
 * Every bound of the server in one place. Each can be set from the command line; the defaults are
 * what a server on an ordinary machine can afford without an operator's thought.
 */
export interface Limits {
  /** Largest body of one packet, bytes. 256 MiB: four times the largest workload in common use. */
  readonly maxPacketBytes: number;
  /** Longest run of arguments in a packet, bytes. 8192: the window of the reference server. */
  readonly maxArgumentBytes: number;
  /** Longest text line, bytes with its LF. 8192: as the reference server. */
  readonly maxLineBytes: number;
  /**
   * Bytes waiting to be sent to one peer before it is cut off as a slow reader. 288 MiB: one packet
   * of the largest size and what may stand before it.
   */
  readonly maxSendBytes: number;
  /** Bytes waiting to be sent to one peer before no more requests are read from it. 1 MiB. */
  readonly pauseSendBytes: number;
  /** Open connections. 0 = as many as there are descriptors. */
  readonly maxConnections: number;
  /** Durable submissions that may wait for the store at once. 1 M: some seconds of full load. */
  readonly maxStoreWaiting: number;
  /**
   * Bytes that they may take, about 800 for each beside its workload; and bytes of settings that wait. 1 GiB:
   * fits a server with 4 GiB.
   */
  readonly maxStoreWaitingBytes: number;
  /** Milliseconds a durable submission waits for a store that is away. 30 s: most clients' own limit. */
  readonly storeWaitMs: number;
  /** Jobs in one commit. 10,000: beyond it a larger transaction is not faster, only later. */
  readonly maxCommitJobs: number;
  /** Workload bytes in one commit. 16 MiB: keeps the wait of the others behind it short. */
  readonly maxCommitBytes: number;
  /** Milliseconds after which a worker that did not answer a NOOP is sent another one. */
  readonly wakeUpRepeatMs: number;
  /** Abandoned or cancelled jobs that a queue keeps listed before it is cleared of them. */
  readonly maxIgnoredJobs: number;
  /** Outcomes of ended jobs that are kept. 10,000: what somebody may still ask for, in a few MiB. */
  readonly maxOutcomes: number;
  /** Bytes of their results, and of results that are still coming. 64 MiB: fits beside the jobs. */
  readonly maxOutcomeBytes: number;
  /** Largest result that is kept, bytes. 1 MiB: so that a few cannot push out all others. */
  readonly maxResultBytes: number;
  /** Idempotency keys kept beyond their job's outcome. 100,000: some 30 MiB. */
  readonly maxIdempotencyKeys: number;
  /** Functions whose limits or pause are stored. 10,000: more than anybody sets by hand, read at each start. */
  readonly maxStoredPolicies: number;
  /** Milliseconds from the accept to the end of a TLS handshake. 10 s: many round trips on a bad line. */
  readonly handshakeMs: number;
  /**
   * TLS handshakes under way at once, beyond which the oldest is cut. 10,000: so many may come back at
   * once when the server was away; 160 MB of peers that say nothing.
   */
  readonly maxHandshakes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  maxPacketBytes: 256 * MIB,
  maxArgumentBytes: 8192,
  maxLineBytes: 8192,
  maxSendBytes: 288 * MIB,
  pauseSendBytes: MIB,
  maxConnections: 0,
  maxStoreWaiting: 1_000_000,
  maxStoreWaitingBytes: 1024 * MIB,
  storeWaitMs: 30_000,
  maxCommitJobs: 10_000,
  maxCommitBytes: 16 * MIB,
  wakeUpRepeatMs: 10_000,
  maxIgnoredJobs: 1000,
  maxOutcomes: 10_000,
  maxOutcomeBytes: 64 * MIB,
  maxResultBytes: MIB,
  maxIdempotencyKeys: 100_000,
  maxStoredPolicies: 10_000,
  handshakeMs: 10_000,
  maxHandshakes: 10_000,
};

/** Longest unique ID and reducer, bytes (protocol section 5). */
export const MAX_UNIQUE_BYTES = 64;
/** Longest client id kept, bytes (protocol section 5). */
export const MAX_CLIENT_ID_BYTES = 127;
/** A job handle in a request is shorter than this (protocol section 3). */
export const HANDLE_BYTES_LIMIT = 64;
