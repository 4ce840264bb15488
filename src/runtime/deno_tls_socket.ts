import type { DenoSocket } from "./deno_connection.ts";
import { shutSocketDown } from "./socket_options.ts";

/** A connection of Deno's with TLS, as `DenoConnection` wants its socket. */
export class DenoTlsSocket implements DenoSocket {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #conn: Deno.TlsConn;
  /** The peer has not taken all that it was sent. */
  #isSending = false;

  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
  }

  /**
   * Many clients close the socket without ending TLS first. Requests say how long they are, so
   * nothing can be cut off unseen: to the server it is the same end.
   */
  async read(bytes: Uint8Array): Promise<number | null> {
    try {
      return await this.#conn.read(bytes);
    } catch (cause) {
      if (cause instanceof Deno.errors.UnexpectedEof) return null;
      throw cause;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#send(this.#conn.write(bytes));
  }

  closeWrite(): Promise<void> {
    return this.#send(this.#conn.closeWrite());
  }

  /**
   * Deno goes on sending what it has taken, for ever when the peer does not read: the socket is
   * closed under it. Without the permission to call C it stays until the peer moves.
   */
  close(): void {
    const wasSending = this.#isSending;
    this.#conn.close();
    if (wasSending) {
      setTimeout(() => shutSocketDown(this.localAddr.port, this.remoteAddr), 0);
    }
  }

  async #send<Result>(sending: Promise<Result>): Promise<Result> {
    this.#isSending = true;
    const result = await sending;
    this.#isSending = false;
    return result;
  }
}
