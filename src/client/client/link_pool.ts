import { GearmanError, type ServerAddress, serverText } from "../wire/mod.ts";
import { ClientLink } from "./link.ts";

/** After a server could not be reached it is tried last for this long, milliseconds. */
const AVOID_MS = 10_000;

/**
 * The connections of a client. Requests go to the first server of the list that answers, and stay
 * there until its connection is lost; then the next one takes over.
 */
export class LinkPool {
  readonly #servers: readonly ServerAddress[];
  readonly #connectTimeoutMs: number;
  readonly #links = new Map<string, ClientLink>();
  readonly #opening = new Map<string, Promise<ClientLink>>();
  readonly #avoidUntil = new Map<string, number>();
  readonly #closing = new AbortController();
  #current: ClientLink | undefined;
  #choosing: Promise<ClientLink> | undefined;

  constructor(servers: readonly ServerAddress[], connectTimeoutMs: number) {
    this.#servers = servers;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** `host:port` of all servers. */
  get servers(): string[] {
    return this.#servers.map(serverText);
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The connection in use, if it is open: submissions may then go without waiting. */
  get current(): ClientLink | undefined {
    return this.#current;
  }

  /** @throws {GearmanError} `CONNECT_FAILED` when no server answers, `TLS_FAILED`, `CLOSED` */
  choose(): Promise<ClientLink> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    this.#choosing ??= this.#chooseFirst().finally(() => this.#choosing = undefined);
    return this.#choosing;
  }

  /** The connection to one server of the list. @throws {GearmanError} `CONNECT_FAILED`, `TLS_FAILED`, `CLOSED` */
  async to(server: string): Promise<ClientLink> {
    const open = this.#links.get(server);
    if (open !== undefined) return open;
    const address = this.#servers.find((candidate) => serverText(candidate) === server);
    if (address === undefined) {
      throw new GearmanError("INVALID_ARGUMENT", `Cannot ask "${server}": it is not in the list`);
    }
    return await this.#open(address);
  }

  close(): void {
    this.#closing.abort();
    for (const link of this.#links.values()) link.close();
  }

  async #chooseFirst(): Promise<ClientLink> {
    const now = Date.now();
    const avoided = (address: ServerAddress) =>
      (this.#avoidUntil.get(serverText(address)) ?? 0) > now ? 1 : 0;
    const inOrder = [...this.#servers].sort((a, b) => avoided(a) - avoided(b));
    const failures: GearmanError[] = [];
    for (const address of inOrder) {
      try {
        this.#current = await this.#open(address);
        return this.#current;
      } catch (error) {
        if (!(error instanceof GearmanError) || error.code === "CLOSED") throw error;
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    const texts = failures.map((error) => error.message).join("; ");
    throw new GearmanError("CONNECT_FAILED", `Cannot reach any server: ${texts}`, {
      cause: new AggregateError(failures),
    });
  }

  #open(address: ServerAddress): Promise<ClientLink> {
    const server = serverText(address);
    let opening = this.#opening.get(server);
    if (opening === undefined) {
      opening = this.#openNow(address, server).finally(() => this.#opening.delete(server));
      this.#opening.set(server, opening);
    }
    return opening;
  }

  async #openNow(address: ServerAddress, server: string): Promise<ClientLink> {
    const known = this.#links.get(server);
    if (known !== undefined) return known;
    const { signal } = this.#closing;
    try {
      if (signal.aborted) throw new GearmanError("CLOSED", "The client was closed");
      const link = await ClientLink.open(address, this.#connectTimeoutMs, signal, (lost) => {
        if (this.#links.get(server) === lost) this.#links.delete(server);
        if (this.#current === lost) this.#current = undefined;
      });
      this.#links.set(server, link);
      this.#avoidUntil.delete(server);
      return link;
    } catch (error) {
      if (signal.aborted) throw new GearmanError("CLOSED", "The client was closed");
      this.#avoidUntil.set(server, Date.now() + AVOID_MS);
      throw error;
    }
  }
}
