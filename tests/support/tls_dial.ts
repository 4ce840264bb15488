import { Buffer } from "node:buffer";
import { type BunSocket, bunSockets } from "../../src/runtime/bun_api.ts";
import { bunCallbacks, BunConnection } from "../../src/runtime/bun_connection.ts";
import { DenoConnection } from "../../src/runtime/deno_connection.ts";
import { DenoTlsSocket } from "../../src/runtime/deno_tls_socket.ts";
import { type Dial, type ListenAddress, runtimeName } from "../../src/runtime/mod.ts";

/**
 * How to connect with TLS to a server whose certificate is by `authority` (PEM) and for `localhost`.
 * The server itself never connects to anybody, so this is no part of `src/runtime`.
 */
export function dialWithTls(authority: string): Dial {
  return runtimeName === "deno" ? dialOnDeno(authority) : dialOnBun(authority);
}

/**
 * Sends `question` to such a server and ends its own side, then answers all that it gets until the server ends
 * its side, too. Rejects when that is no proper end.
 */
export function askAndEnd(
  authority: string,
  where: ListenAddress,
  question: Uint8Array,
): Promise<Uint8Array> {
  return runtimeName === "deno"
    ? askOnDeno(authority, where, question)
    : askOnBun(authority, where, question);
}

async function askOnDeno(
  authority: string,
  { hostname, port }: ListenAddress,
  question: Uint8Array,
): Promise<Uint8Array> {
  using conn = await Deno.connectTls({
    hostname,
    port,
    caCerts: [authority],
    unsafelyDisableHostnameVerification: true,
  });
  await conn.write(question);
  await conn.closeWrite();
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return Buffer.concat(pieces);
    pieces.push(buffer.slice(0, count));
  }
}

function askOnBun(
  authority: string,
  { hostname, port }: ListenAddress,
  question: Uint8Array,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    const options = {
      hostname,
      port,
      allowHalfOpen: true,
      tls: { ca: authority, serverName: "localhost" },
      socket: {
        binaryType: "uint8array" as const,
        open() {},
        drain() {},
        handshake(socket: BunSocket<undefined>) {
          socket.write(question);
          socket.shutdown();
        },
        data: (_socket: BunSocket<undefined>, bytes: Uint8Array) => pieces.push(bytes.slice()),
        end: () => resolve(Buffer.concat(pieces)),
        close: (_socket: BunSocket<undefined>, failure: unknown) =>
          failure === undefined ? resolve(Buffer.concat(pieces)) : reject(failure),
        error: (_socket: BunSocket<undefined>, failure: unknown) => reject(failure),
      },
    };
    bunSockets().connect<undefined>(options).catch(reject);
  });
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
