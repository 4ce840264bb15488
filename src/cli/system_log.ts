import type { LogLevel } from "../plugin_api/mod.ts";
import { UnixDatagramSender } from "../runtime/mod.ts";
import { severityOf } from "./log_level.ts";
import { printable } from "./log_line.ts";

const FACILITY_USER = 1;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The system log (`--syslog`): datagrams to /dev/log in the form of RFC 3164, which journald and
 * every syslog daemon take. Lines are lost when nobody reads them in time.
 */
export class SystemLog {
  readonly #socket: UnixDatagramSender;
  readonly #tag: string;
  readonly #now: () => number;

  /** Throws `LibCError` where datagrams cannot be sent. */
  constructor(processId: number, path = "/dev/log", now: () => number = Date.now) {
    this.#socket = new UnixDatagramSender(path, false);
    this.#tag = `cogd[${processId}]`;
    this.#now = now;
  }

  write(level: LogLevel, message: string): void {
    const date = new Date(this.#now());
    const day = String(date.getDate()).padStart(2);
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
      .map((part) => String(part).padStart(2, "0")).join(":");
    const priority = FACILITY_USER * 8 + severityOf(level);
    this.#socket.send(
      `<${priority}>${MONTHS[date.getMonth()]} ${day} ${time} ${this.#tag}: ` +
        `${level.padStart(7)} ${printable(message)}`,
    );
  }

  close(): void {
    this.#socket.close();
  }
}
