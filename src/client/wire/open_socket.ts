import { connect, isIP, type Socket } from "node:net";
import { connect as connectWithTls, type TLSSocket } from "node:tls";
import { handshakeOver } from "./early_handshake.ts";
import { GearmanError } from "./errors.ts";
import { type ServerAddress, serverText } from "./server_address.ts";
import { startTimer } from "./timer.ts";
import { tlsFailure } from "./tls_failure.ts";
import { textOf, type TlsOptions } from "./tls_options.ts";

/** Bounds of an attempt to connect. */
export interface ConnectOptions {
  /** For name, connection and TLS handshake together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a connection, encrypted where the address says so; settles when the other side is there and, with
 * TLS, is who it should be. @throws {GearmanError} `CONNECT_FAILED`, `TLS_FAILED`, `ABORTED`
 */
export async function openSocket(address: ServerAddress, options: ConnectOptions): Promise<Socket> {
  const { host, port, tls } = address;
  const socket = tls === undefined ? connect({ host, port }) : connectWithTls({
    host,
    port,
    ...tlsParameters(host, tls),
  });
  try {
    await ready(socket, address, options);
    return socket;
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
}

/** As `node:tls` names them. */
function tlsParameters(host: string, { ca, certificate, key, serverName }: TlsOptions) {
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...(ca === undefined ? {} : { ca: textOf(ca) }),
    ...(certificate === undefined ? {} : { cert: textOf(certificate) }),
    ...(key === undefined ? {} : { key: textOf(key) }),
    ...(name === undefined ? {} : { servername: name }),
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
  };
}

function ready(
  socket: Socket,
  address: ServerAddress,
  { timeoutMs, signal }: ConnectOptions,
): Promise<void> {
  const server = serverText(address);
  const encrypted = address.tls !== undefined;
  let connected = false;
  return new Promise((resolve, reject) => {
    const settle = (error: GearmanError | undefined) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      socket.off("connect", reached);
      socket.off("secureConnect", secured);
      socket.off("error", failed);
      socket.off("close", closed);
      if (error === undefined) resolve();
      else reject(error);
    };
    const success = () => settle(undefined);
    const secured = () => {
      handshakeOver(socket as TLSSocket).then(success, failed);
    };
    const reached = () => {
      connected = true;
      if (!encrypted) success();
    };
    const failed = (cause: Error) =>
      settle(connected ? tlsFailure(server, cause) : unreachable(server, cause.message, cause));
    const closed = () => settle(tlsFailure(server, new Error("it closed the connection")));
    const aborted = () =>
      settle(new GearmanError("ABORTED", `Connecting to "${server}" was aborted`));
    const timer = startTimer(() => {
      const late = `no answer in ${timeoutMs} ms`;
      settle(connected ? tlsFailure(server, new Error(late)) : unreachable(server, late));
    }, timeoutMs);
    socket.once("connect", reached);
    if (encrypted) socket.once("secureConnect", secured);
    socket.once("error", failed);
    socket.once("close", closed);
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener("abort", aborted);
  });
}

function unreachable(server: string, why: string, cause?: Error): GearmanError {
  return new GearmanError("CONNECT_FAILED", `Cannot connect to "${server}": ${why}`, { cause });
}
