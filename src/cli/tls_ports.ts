import type { PortSecurity } from "../gateway/mod.ts";
import type { Listen, Listener, ListenTls } from "../runtime/mod.ts";
import { reasonOf } from "./cli_error.ts";
import type { Logger } from "./log.ts";
import type { TlsConfig } from "./tls_config.ts";
import { type CheckedMaterial, readTlsMaterial, timeText } from "./tls_material.ts";

export interface TlsPortsOptions {
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: Pick<ListenTls, "handshakeMs" | "maxHandshakes">;
}

/** The ports with TLS, and the certificate that they show. */
export class TlsPorts {
  readonly gearman: TlsPort | undefined;
  readonly http: TlsPort | undefined;
  readonly #config: TlsConfig;
  readonly #options: TlsPortsOptions;
  #material: CheckedMaterial;
  #reloading: Promise<void> = Promise.resolve();

  /** Reads the files. Throws `CliError` (`TLS_FILES`). */
  constructor(config: TlsConfig, options: TlsPortsOptions) {
    this.#config = config;
    this.#options = options;
    this.#material = readTlsMaterial(config, options.now());
    for (const warning of this.#material.warnings) options.log.log("WARNING", warning);
    options.log.log("INFO", `TLS with ${describe(this.#material)}`);
    this.gearman = config.gearman ? this.#port() : undefined;
    this.http = config.http ? this.#port() : undefined;
  }

  /**
   * Reads the files again. Handshakes from now on get what is in them; if that cannot be used, what
   * was in use stays. Settles when that is done or was logged.
   */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload()).catch((error: unknown) => {
      this.#options.log.log(
        "ERROR",
        `${reasonOf(error)}; TLS goes on with ${describe(this.#material)}`,
      );
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const { log, now } = this.#options;
    const read = readTlsMaterial(this.#config, now());
    for (const warning of read.warnings) log.log("WARNING", warning);
    if (isSame(read, this.#material)) {
      return log.log("INFO", `The TLS certificate is the same: ${describe(read)}`);
    }
    for (const port of [this.gearman, this.http]) await port?.renew(read);
    this.#material = read;
    log.log("NOTICE", `New TLS certificate: ${describe(read)}`);
  }

  #port(): TlsPort {
    return new TlsPort(this.#material, this.#options);
  }
}

/** The listeners of one port. */
export class TlsPort implements PortSecurity {
  refused = 0;
  readonly #options: TlsPortsOptions;
  readonly #listeners: Listener[] = [];
  #material: CheckedMaterial;

  constructor(material: CheckedMaterial, options: TlsPortsOptions) {
    this.#material = material;
    this.#options = options;
  }

  get expiresAt(): number {
    return this.#material.expiresAt;
  }

  /** Listens as `listen` does, with TLS. */
  over(listen: Listen): Listen {
    return async (where, handler) => {
      const material = this.#material;
      const tls: ListenTls = {
        ...material,
        ...this.#options.limits,
        refused: (peer, cause) => this.#refused(peer, cause),
      };
      const listener = await listen({ ...where, tls }, handler);
      this.#listeners.push(listener);
      // It may have waited long for its address.
      if (material !== this.#material) await listener.renew?.(this.#material);
      return listener;
    };
  }

  async renew(material: CheckedMaterial): Promise<void> {
    for (const listener of this.#listeners) await listener.renew?.(material);
    this.#material = material;
  }

  #refused(peer: string, cause: unknown): void {
    this.refused++;
    this.#options.log.log("INFO", `Refused ${peer}: TLS was not agreed on: ${reasonOf(cause)}`);
  }
}

function isSame(one: CheckedMaterial, other: CheckedMaterial): boolean {
  return one.certificate === other.certificate && one.key === other.key &&
    one.clientAuthority === other.clientAuthority;
}

function describe({ subject, expiresAt }: CheckedMaterial): string {
  return `${subject}, valid until ${timeText(expiresAt)}`;
}
