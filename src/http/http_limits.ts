/** Bounds of the HTTP side. Times are measured in steps of at most a second. */
export interface HttpLimits {
  /** Request line and headers of one request; also all trailers and chunk extensions of one body. Bytes. */
  readonly maxHeadBytes: number;
  /** From the first byte of a request to the end of its headers, milliseconds. */
  readonly headMs: number;
  /** Between two pieces of a body that a handler waits for, milliseconds. */
  readonly bodyIdleMs: number;
  /** The least that a body must bring per second, over each `bodyIdleMs` in which a handler waits for it. */
  readonly minBodyBytesPerSecond: number;
  /** One body, bytes. */
  readonly maxBodyBytes: number;
  /** Without a request: from the accept, or from the last response, milliseconds. */
  readonly keepAliveMs: number;
  /** Open connections. */
  readonly maxConnections: number;
  /** Bytes of a stream that wait for a slow reader before it is cut. */
  readonly maxStreamBytes: number;
  /** How long a peer may take nothing of a response that waits for it, milliseconds. */
  readonly sendIdleMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  // More than any client or proxy sends unasked; what Node takes, twice what nginx takes.
  maxHeadBytes: 16 * 1024,
  // A head is one packet or a few: ten seconds are many lost packets.
  headMs: 10_000,
  bodyIdleMs: 10_000,
  // Slower than any real line; a peer that drips one byte every nine seconds is cut.
  minBodyBytesPerSecond: 1024,
  // As a packet of the binary port.
  maxBodyBytes: 256 * 1024 * 1024,
  // Longer than the 60 s for which proxies and client libraries usually keep their side.
  keepAliveMs: 75_000,
  // As many as the descriptors of an ordinary limit leave room for.
  maxConnections: 20_000,
  // Hundreds of events: whoever is that far behind does not read.
  maxStreamBytes: 1024 * 1024,
  // Responses go out in pieces of 128 KiB: whoever takes less than 2 KiB a second does not read.
  sendIdleMs: 60_000,
};
