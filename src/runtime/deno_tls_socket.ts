import type { DenoSocket } from "./deno_connection.ts";

/** A connection of Deno's with TLS, as `DenoConnection` wants its socket. */
export class DenoTlsSocket implements DenoSocket {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #conn: Deno.TlsConn;

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
    return this.#conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }
}
