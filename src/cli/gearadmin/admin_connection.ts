import type { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { CliError } from "../cli_error.ts";
import { portNumber } from "../listen_addresses.ts";
import { AdminError } from "./admin_error.ts";
import { type ReplyForm, ReplyReader } from "./reply_reader.ts";

export interface AdminServer {
  /** Name or address. */
  readonly host: string;
  /** Number or service name. */
  readonly port: string;
  /** How long connecting and each reply may take. */
  readonly timeoutMs: number;
}

interface Asked {
  readonly reader: ReplyReader;
  readonly answered: (reply: Uint8Array) => void;
  readonly failed: (error: AdminError) => void;
}

/** A connection for the text protocol: one command after the other. */
export class AdminConnection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #asked: Asked | undefined;
  #over: AdminError | undefined;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", (cause: Error) => this.#end(lost(cause)));
    socket.on("close", () => this.#end(lost()));
  }

  /** Throws `AdminError`: `UNKNOWN_HOST`, `UNKNOWN_SERVICE`, `CONNECT_FAILED`. */
  static async open({ host, port, timeoutMs }: AdminServer): Promise<AdminConnection> {
    const number = numberOf(port);
    if (host === "") throw new AdminError("UNKNOWN_HOST", "The name of the host is empty");
    const socket = connect({ host, port: number });
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
        timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
      });
    } catch (cause) {
      socket.on("error", () => {});
      socket.destroy();
      const { code = "", message } = cause as NodeJS.ErrnoException;
      throw new AdminError(UNKNOWN.includes(code) ? "UNKNOWN_HOST" : "CONNECT_FAILED", message, {
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
    socket.setNoDelay(true);
    return new AdminConnection(socket, timeoutMs);
  }

  /** Sends a command (a byte string, without its end) and settles with the whole reply. */
  async ask(
    command: Uint8Array,
    form: ReplyForm,
    timeoutMs: number = this.#timeoutMs,
  ): Promise<Uint8Array> {
    if (this.#over !== undefined) throw this.#over;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Uint8Array>((answered, failed) => {
        this.#asked = { reader: new ReplyReader(form), answered, failed };
        timer = setTimeout(() => {
          this.#end(
            new AdminError("TIMEOUT", `The server did not answer in ${Math.round(timeoutMs)} ms`),
          );
        }, timeoutMs);
        this.#socket.write(command);
        this.#socket.write("\r\n");
      });
    } finally {
      clearTimeout(timer);
      this.#asked = undefined;
    }
  }

  close(): void {
    this.#end(new AdminError("LOST", "The connection was closed"));
  }

  #received(bytes: Uint8Array): void {
    try {
      const reply = this.#asked?.reader.push(bytes);
      if (reply !== undefined) this.#asked?.answered(reply);
    } catch (error) {
      this.#end(error as AdminError);
    }
  }

  #end(error: AdminError): void {
    this.#over ??= error;
    this.#socket.destroy();
    this.#asked?.failed(error);
  }
}

const UNKNOWN: readonly string[] = ["ENOTFOUND", "EAI_AGAIN", "ENODATA", "EAI_FAIL"];

function numberOf(port: string): number {
  if (/^[0-9]+$/.test(port) && Number(port) > 0xffff) {
    throw new AdminError("CONNECT_FAILED", `There is no port ${port}`);
  }
  try {
    return portNumber(port);
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    throw new AdminError("UNKNOWN_SERVICE", cause.message, { cause });
  }
}

function lost(cause?: Error): AdminError {
  return new AdminError("LOST", "The server closed the connection", { cause });
}
