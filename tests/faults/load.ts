import type { ByteString } from "../../src/protocol/mod.ts";
import { deadline, PATIENCE_MS, Random } from "../support/mod.ts";
import { ExecutingWorker } from "./executing_worker.ts";
import type { Ledger } from "./ledger.ts";
import { type PeerOwner, SubmittingClient } from "./submitting_client.ts";
import { Submissions } from "./submissions.ts";
import { MOST_WORKLOAD } from "./workload.ts";

export interface LoadOptions {
  readonly port: number;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly functions: readonly ByteString[];
  /** Unique IDs that are used again and again. */
  readonly uniques: readonly ByteString[];
  readonly clients: number;
  readonly workers: number;
  /** Whether clients leave and workers die of themselves. */
  readonly deaths: boolean;
}

const WINDOWS = [1, 10, 100, 1000];

/** Clients and workers on one server; who leaves is replaced, until the load is to end. */
export class Load {
  readonly #options: LoadOptions;
  readonly #clients = new Set<SubmittingClient>();
  readonly #workers = new Set<ExecutingWorker>();
  /** Rejects when a peer saw something that must not happen. */
  readonly failed: Promise<never>;
  #fail: (cause: unknown) => void = () => {};
  #ending = false;
  #onEmpty: () => void = () => {};

  constructor(options: LoadOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  async start(): Promise<void> {
    const { clients, workers } = this.#options;
    const starts: Promise<void>[] = [];
    for (let i = 0; i < clients; i++) starts.push(this.#addClient());
    for (let i = 0; i < workers; i++) starts.push(this.#addWorker(i === 0));
    await Promise.all(starts);
  }

  /** The server is about to end: connections may end now, and nobody is replaced any more. */
  expectEnd(): void {
    this.#ending = true;
  }

  /** Clients submit no more and workers do not die any more: what is there is done. */
  windDown(): void {
    this.#ending = true;
    for (const client of this.#clients) client.stopSubmitting();
    for (const worker of this.#workers) worker.live();
  }

  /** Settles when all connections are over. */
  async over(): Promise<void> {
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    if (this.#clients.size + this.#workers.size === 0) return;
    await deadline(empty, PATIENCE_MS, "the connections of clients and workers to end");
  }

  async close(): Promise<void> {
    this.#ending = true;
    for (const peer of [...this.#clients, ...this.#workers]) peer.close();
    await this.over();
  }

  async #addClient(): Promise<void> {
    const { port, ledger, functions, uniques, deaths } = this.#options;
    const random = new Random(this.#options.random.uint32());
    const mix = { functions, uniques, delayed: 0.1, foreground: 0.12, longest: MOST_WORKLOAD };
    const client: SubmittingClient = new SubmittingClient({
      port,
      log: ledger.open("client"),
      random,
      submissions: new Submissions(random, mix, () => ledger.nextAttempt()),
      window: random.pick(WINDOWS),
      deathRate: deaths ? 0.002 : 0,
      owner: this.#ownerOf(this.#clients, () => client, () => this.#addClient()),
    });
    await this.#start(this.#clients, client);
  }

  /** The first worker knows every function, the others leave some out. */
  async #addWorker(first: boolean): Promise<void> {
    const { port, ledger, functions, deaths } = this.#options;
    const random = new Random(this.#options.random.uint32());
    const worker: ExecutingWorker = new ExecutingWorker({
      port,
      log: ledger.open("worker"),
      random,
      functions: functions.filter(() => first || random.chance(0.7)),
      capacity: random.between(1, 5),
      deathRate: deaths ? 0.01 : 0,
      owner: this.#ownerOf(this.#workers, () => worker, () => this.#addWorker(first)),
    });
    await this.#start(this.#workers, worker);
  }

  async #start<Peer extends { start(): Promise<void> }>(
    peers: Set<Peer>,
    peer: Peer,
  ): Promise<void> {
    peers.add(peer);
    try {
      await peer.start();
    } catch (cause) {
      peers.delete(peer);
      if (!this.#ending) this.#fail(cause);
      else if (this.#clients.size + this.#workers.size === 0) this.#onEmpty();
    }
  }

  #ownerOf<Peer>(peers: Set<Peer>, peer: () => Peer, replace: () => Promise<void>): PeerOwner {
    let leaving = false;
    return {
      left: () => {
        leaving = true;
        if (!this.#ending) void replace();
      },
      gone: (fault) => {
        peers.delete(peer());
        if (fault !== undefined) this.#fail(fault);
        else if (!leaving && !this.#ending) this.#fail(new Error("the server closed a connection"));
        if (this.#clients.size + this.#workers.size === 0) this.#onEmpty();
      },
    };
  }
}
