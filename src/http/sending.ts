/** Where a response goes: the connection, as one response sees it. */
export interface Outlet {
  /** Bytes of a stream that may wait for the peer. */
  readonly maxStreamBytes: number;
  /** Answers false when `drained` of the running `Sending` will follow. */
  write(bytes: Uint8Array): boolean;
  /** The response was handed over as a whole. To be called once, or `broke` is. */
  finished(): void;
  /** The response cannot be completed: the peer gets to see that. */
  broke(why: string, cause?: unknown): void;
  /** Something failed that the peer does not get to see. */
  report(cause: unknown): void;
}

/** A response's body on its way. Nothing is called on it after it finished or broke. */
export interface Sending {
  /** It makes no sense any more when the peer ended its side: see `HttpPeer.signal`. */
  readonly endsWithPeer: boolean;
  /** Begins. It may be over when this returns. */
  start(): void;
  /** The peer took all that was written. */
  drained(): void;
  /** The peer is gone, or the server stops: nothing more is sent. */
  gone(): void;
}
