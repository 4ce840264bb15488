/** Tells of turns of the event loop. */
export interface LoopTurns {
  /**
   * Calls back, in a later turn, once the system was asked again which sockets are ready. One callback
   * at a time: not to be called again before that.
   */
  next(callback: () => void): void;
  /** A callback that is awaited does not come any more. */
  close(): void;
}
