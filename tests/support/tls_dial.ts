import { bunSockets } from "../../src/runtime/bun_api.ts";
import { bunCallbacks, BunConnection } from "../../src/runtime/bun_connection.ts";
import { DenoConnection } from "../../src/runtime/deno_connection.ts";
import { DenoTlsSocket } from "../../src/runtime/deno_tls_socket.ts";
import { type Dial, runtimeName } from "../../src/runtime/mod.ts";

/**
 * How to connect with TLS to a server whose certificate is by `authority` (PEM) and for `localhost`.
 * The server itself never connects to anybody, so this is no part of `src/runtime`.
 */
export function dialWithTls(authority: string): Dial {
  return runtimeName === "deno" ? dialOnDeno(authority) : dialOnBun(authority);
}

function dialOnDeno(authority: string): Dial {
  return async ({ hostname, port }, handler) => {
    const conn = await Deno.connectTls({
      hostname,
      port,
      caCerts: [authority],
      unsafelyDisableHostnameVerification: true,
    });
    await conn.handshake();
    return DenoConnection.started(new DenoTlsSocket(conn), handler);
  };
}

function dialOnBun(authority: string): Dial {
  return ({ hostname, port }, handler) =>
    new Promise((resolve, reject) => {
      const options = {
        hostname,
        port,
        allowHalfOpen: true,
        tls: { ca: authority, serverName: "localhost" },
        socket: {
          ...bunCallbacks(() => {}),
          handshake(socket: Parameters<typeof BunConnection.started>[0], agreed: boolean) {
            if (agreed) resolve(BunConnection.started(socket, handler, true));
            else reject(new Error("TLS was not agreed on"));
          },
        },
      };
      bunSockets().connect<BunConnection | undefined>(options).catch(reject);
    });
}
