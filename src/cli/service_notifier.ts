import { UnixDatagramSender } from "../runtime/mod.ts";
import { reasonOf } from "./cli_error.ts";
import type { Logger } from "./log.ts";

/**
 * Tells the service manager (systemd, or a container engine that passes `NOTIFY_SOCKET`) how the
 * server stands, by the protocol of sd_notify(3). Without `NOTIFY_SOCKET` nothing is sent.
 */
export class ServiceNotifier {
  readonly #path: string;
  readonly #log: Logger;

  constructor(environment: Readonly<Record<string, string>>, log: Logger) {
    this.#path = environment["NOTIFY_SOCKET"] ?? "";
    this.#log = log;
  }

  /** The server is up; `status` is shown to the operator. */
  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
  }

  #send(text: string): void {
    if (this.#path === "") return;
    try {
      // It may wait: a start that was not announced would be taken back.
      const socket = new UnixDatagramSender(this.#path, true);
      const sent = socket.send(text);
      socket.close();
      if (!sent) this.#log.log("WARNING", `Cannot notify the service manager at ${this.#path}`);
    } catch (error) {
      this.#log.log("WARNING", `Cannot notify the service manager: ${reasonOf(error)}`);
    }
  }
}
