/** Sends a response's body piece by piece, as long as it lives. */
export interface BodyWriter {
  /**
   * Sends a piece, which belongs to the writer from now on. Answers false when the peer is behind:
   * who can, waits for `drained`; who goes on is cut once more than `maxStreamBytes` wait. After the
   * end it does nothing and answers true.
   */
  write(piece: Uint8Array): boolean;
  /** The body is complete. */
  end(): void;
}

/** Who writes a body. */
export interface BodySource {
  /** The peer takes more, after a `write` that answered false. */
  drained?(): void;
  /** It is over without `end`: the peer is gone or was cut, or the server stops. Comes once. */
  gone(): void;
}

export type StartBody = (writer: BodyWriter) => BodySource;
