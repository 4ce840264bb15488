import { readFileSync } from "node:fs";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import type { CertificateFiles } from "./certificates.ts";

/** Takes TLS connections on the loopback interface and passes them on, plain, to 127.0.0.1:`target`. */
export class TlsRelay {
  readonly port: number;
  readonly #listener: Server;
  readonly #sockets: Set<Socket>;

  private constructor(listener: Server, port: number, sockets: Set<Socket>) {
    this.#listener = listener;
    this.port = port;
    this.#sockets = sockets;
  }

  /** `clientCa`: file of the authority whose certificate every client must show. */
  static async start(
    target: number,
    own: CertificateFiles,
    clientCa?: string,
  ): Promise<TlsRelay> {
    const sockets = new Set<Socket>();
    const listener = createServer({
      cert: readFileSync(own.cert),
      key: readFileSync(own.key),
      allowHalfOpen: true,
      ...(clientCa === undefined
        ? {}
        : { requestCert: true, rejectUnauthorized: true, ca: readFileSync(clientCa) }),
    }, (client) => {
      const server = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
      for (const [socket, other] of [[client, server], [server, client]] as const) {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroySoon();
        });
        socket.pipe(other);
      }
    });
    // Those whose handshake is not over, too.
    listener.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    listener.on("tlsClientError", (_, socket) => socket.destroy());
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new TlsRelay(listener, (listener.address() as { port: number }).port, sockets);
  }

  /** Cuts all connections. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#listener, "close");
    this.#listener.close();
    this.cutAll();
    await closed;
  }
}
