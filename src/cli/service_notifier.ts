import process from "node:process";
import { UnixDatagramSender } from "../runtime/mod.ts";
import { reasonOf } from "./cli_error.ts";
import type { Logger } from "./log.ts";

/** A timer's delay is bounded, the service manager's patience is not. */
const MOST_SILENCE_MS = 60_000;

/**
 * Tells the service manager (systemd, or a container engine that passes `NOTIFY_SOCKET`) how the
 * server stands, by the protocol of sd_notify(3). Without `NOTIFY_SOCKET` nothing is sent.
 */
export class ServiceNotifier {
  readonly #path: string;
  readonly #watchdogMs: number;
  readonly #log: Logger;

  constructor(environment: Readonly<Record<string, string>>, log: Logger) {
    this.#path = environment["NOTIFY_SOCKET"] ?? "";
    this.#watchdogMs = watchdogMs(environment);
    this.#log = log;
  }

  /** The server is up; `status` is shown to the operator. */
  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
  }

  /**
   * Says again and again that the event loop turns, when the service manager asks for that
   * (`WatchdogSec=`): it restarts a server that falls silent. Answers what ends it.
   */
  watch(): () => void {
    if (this.#path === "" || this.#watchdogMs === 0) return () => {};
    // Half of the time is what sd_watchdog_enabled(3) advises.
    const everyMs = Math.min(this.#watchdogMs / 2, MOST_SILENCE_MS);
    const timer = setInterval(() => this.#send("WATCHDOG=1", false), everyMs);
    return () => clearInterval(timer);
  }

  /** `mayWait`: a start that was not announced would be taken back; a sign of life comes again. */
  #send(text: string, mayWait = true): void {
    if (this.#path === "") return;
    try {
      const socket = new UnixDatagramSender(this.#path, mayWait);
      const sent = socket.send(text);
      socket.close();
      if (!sent && mayWait) {
        this.#log.log("WARNING", `Cannot notify the service manager at ${this.#path}`);
      }
    } catch (error) {
      this.#log.log("WARNING", `Cannot notify the service manager: ${reasonOf(error)}`);
    }
  }
}

/** How often the service manager wants a sign of life from this process, milliseconds; 0 is never. */
function watchdogMs(environment: Readonly<Record<string, string>>): number {
  const { WATCHDOG_PID: pid = "", WATCHDOG_USEC: microseconds = "" } = environment;
  const meant = pid === "" || pid === String(process.pid);
  return meant && /^[1-9]\d{0,14}$/.test(microseconds) ? Number(microseconds) / 1000 : 0;
}
