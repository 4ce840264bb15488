import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES, SocketClosedUnexpectedlyError } from "redis";
import type { RedisAddress } from "./settings.ts";

/** What a command consists of. The driver refuses other arrays than `Buffer`. */
export type RedisArgument = string | Buffer;

/** What Redis answers: `Buffer` for its strings, `string` for a status. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[];

/** The part of the driver's client that is used here. */
interface Client {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: readonly RedisArgument[]): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

/**
 * One connection. It never connects again by itself and never keeps commands back: whoever uses it
 * decides (`SteadySession`).
 */
export class RedisConnection {
  readonly #client: Client;
  readonly #encrypted: boolean;
  #connected = false;
  #destroyed = false;

  /** `lost` learns when it ends; `connectMs` bounds the time for the socket alone. */
  constructor(address: RedisAddress, connectMs: number, lost: (error: unknown) => void) {
    this.#encrypted = address.tls !== null;
    this.#client = createClient({
      // RESP 2 does without HELLO, which old proxies and strict users refuse.
      RESP: 2,
      maintNotifications: "disabled",
      disableClientInfo: true,
      disableOfflineQueue: true,
      // 0: the session's own deadlines count.
      commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
      socket: { ...socketOptions(address), connectTimeout: connectMs, reconnectStrategy: false },
      ...(address.user === "" ? {} : { username: address.user }),
      ...(address.password === "" ? {} : { password: address.password }),
      database: address.database,
    }) as unknown as Client;
    this.#client.on("error", (error) => lost(this.#explained(error)));
  }

  /** Connects, proves who it is, chooses the database. */
  async connect(): Promise<void> {
    try {
      await this.#client.connect();
      this.#connected = true;
    } catch (error) {
      throw this.#explained(error);
    } finally {
      // The driver goes on connecting after `destroy`, and leaves the socket open then.
      if (this.#destroyed) this.#client.destroy();
    }
  }

  async send(args: readonly RedisArgument[]): Promise<RedisReply> {
    return await this.#client.sendCommand(args) as RedisReply;
  }

  #explained(error: unknown): unknown {
    // An error that answers nothing confuses the driver. Redis sends such to clients that it will not have.
    if (error instanceof TypeError) return new Unwanted(error);
    const early = this.#encrypted && !this.#connected;
    return early && error instanceof SocketClosedUnexpectedlyError
      ? new HandshakeFailed(error)
      : error;
  }

  /** Closes once all answers have come. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Closes at once. Commands under way fail. */
  destroy(): void {
    this.#destroyed = true;
    this.#client.destroy();
  }
}

/** Deno 2.6 tells too late what was wrong with a certificate: the driver listens no more. */
class HandshakeFailed extends Error {
  constructor(cause: unknown) {
    super("it closed the connection; check the server's certificate, its name and its authority", {
      cause,
    });
    this.name = "HandshakeFailed";
  }
}

/** Redis turned a client away before that had said anything. */
class Unwanted extends Error {
  constructor(cause: unknown) {
    super("ERR max number of clients reached, or protected mode", { cause });
    this.name = "Unwanted";
  }
}

type SocketOptions = { host: string; port: number } & Partial<Record<string, unknown>> | {
  path: string;
};

function socketOptions({ host, port, path, tls }: RedisAddress): SocketOptions {
  if (path !== "") return { path };
  return tls === null ? { host, port } : { host, port, tls: true, ...tls };
}
