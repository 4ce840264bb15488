import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { GearmanError, isTlsAlert, openSocket, type TlsOptions } from "../../client/mod.ts";
import { CliError } from "../cli_error.ts";
import { portNumber } from "../listen_addresses.ts";
import { AdminError } from "./admin_error.ts";
import { type ReplyForm, ReplyReader } from "./reply_reader.ts";

export interface AdminServer {
  /** Name or address. */
  readonly host: string;
  /** Number or service name. */
  readonly port: string;
  /** Undefined: not encrypted. */
  readonly tls: TlsOptions | undefined;
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
  #heard = false;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", (cause: Error) => this.#end(lost(cause)));
    socket.on("close", () => this.#end(lost()));
  }

  /** Throws `AdminError`: `UNKNOWN_HOST`, `UNKNOWN_SERVICE`, `CONNECT_FAILED`, `TLS_FAILED`. */
  static async open({ host, port, tls, timeoutMs }: AdminServer): Promise<AdminConnection> {
    const number = numberOf(port);
    if (host === "") throw new AdminError("UNKNOWN_HOST", "The name of the host is empty");
    const socket = await openSocket({ host, port: number, tls }, { timeoutMs }).catch((error) => {
      throw adminError(error);
    });
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
    if (!this.#heard && isTlsAlert(bytes)) {
      return this.#end(new AdminError("TLS_FAILED", "The server answers with TLS only: use --ssl"));
    }
    this.#heard = true;
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

function adminError(error: unknown): AdminError {
  if (!(error instanceof GearmanError)) throw error;
  const { code = "" } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (UNKNOWN.includes(code)) {
    return new AdminError("UNKNOWN_HOST", error.message, { cause: error });
  }
  const own = error.code === "TLS_FAILED" ? error.code : "CONNECT_FAILED";
  return new AdminError(own, error.message, { cause: error });
}

function lost(cause?: Error): AdminError {
  return new AdminError("LOST", "The server closed the connection", { cause });
}
