import { PacketType, type PacketTypeName } from "../../../src/protocol/mod.ts";
import { Book, type KnownJob } from "./book.ts";
import type { Duet } from "./duet.ts";
import {
  FUNCTIONS,
  type Operation,
  packet,
  PEERS,
  type Submitted,
  type World,
} from "./operations.ts";
import type { Reply } from "./replies.ts";

type Doing<What extends Operation["do"]> = Extract<Operation, { readonly do: What }>;

interface Peer {
  /** Numbers of the functions that it registered for. */
  readonly abilities: Set<number>;
  /** It said PRE_SLEEP and has not asked for a job since. */
  asleep: boolean;
  /** It was sent a NOOP while it slept. */
  woken: boolean;
}

/**
 * Plays operations on two servers at once. What it leaves out, because the servers are known to do
 * otherwise, is marked with the entry of docs/differences.md.
 */
export class Player {
  readonly #duet: Duet;
  readonly #world: World;
  readonly #book = new Book();
  readonly #peers = Array.from({ length: PEERS }, newPeer);
  /** Replies that came, by name: what never came was not tested. */
  readonly tally = new Map<string, number>();
  /** Operations that went well. */
  played = 0;

  constructor(duet: Duet, world: World) {
    this.#duet = duet;
    this.#world = world;
  }

  /** Rejects with the first step after which a connection received different bytes. */
  async play(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      await this.#do(operation);
      this.played++;
    }
  }

  async #do(operation: Operation): Promise<unknown> {
    const { peer } = operation;
    switch (operation.do) {
      case "submit":
        return await this.#submit(operation);
      case "grab":
        return await this.#grab(peer, packet(PacketType[operation.type], ""));
      case "sleep":
        return await this.#sleep(peer);
      case "can do":
        return await this.#canDo(operation);
      case "can't do":
        return await this.#cantDo(peer, operation.name);
      case "reset":
        return await this.#reset(peer);
      case "report":
        return await this.#report(operation);
      case "steal":
        return await this.#steal(operation);
      case "cancel":
        return await this.#cancel(operation);
      case "close":
        return await this.#close(peer);
      case "unique status":
        return await this.#uniqueStatus(operation);
      case "status":
        return await this.#say(peer, "GET_STATUS", this.#handle(operation.nth));
      case "exceptions":
        return await this.#say(peer, "OPTION_REQ", "exceptions");
      case "create":
        // create-takes-the-word
        return await this.#tell(peer, `create function ${nameOf(operation.name)}\r\n`);
      case "drop":
        return await this.#drop(operation);
      case "limit":
        return await this.#tell(peer, `maxqueue ${nameOf(operation.name)}${operation.numbers}\n`);
      case "say":
        return await this.#tell(peer, operation.bytes);
    }
  }

  /** Sends bytes on one connection, and notices what the others are told. Answers what it received itself. */
  async #tell(peer: number, bytes: string): Promise<Reply[]> {
    const all = await this.#duet.exchange(peer, bytes, (other) => this.#peers[other]!.woken);
    all.forEach((replies, other) => {
      for (const { name } of replies) {
        this.tally.set(name, (this.tally.get(name) ?? 0) + 1);
        if (name === "NOOP") this.#peers[other]!.woken = true;
      }
    });
    return all[peer]!;
  }

  #say(peer: number, type: PacketTypeName, ...parts: readonly string[]): Promise<Reply[]> {
    return this.#tell(peer, packet(PacketType[type], parts.join("\0")));
  }

  // Clients

  async #submit({ peer, jobs }: Doing<"submit">): Promise<void> {
    const sent: Submitted[] = [];
    /** Keys of this burst, and whether their job is a background job. */
    const begun = new Map<string, boolean>();
    for (const job of jobs) {
      const key = keyOf(job);
      const background = isBackground(job);
      if (key !== undefined) {
        // abandoned-revived, cancelled-not-joined
        if (this.#book.isSpoilt(key)) continue;
        // background-joins-foreground
        const foreground = this.#book.byKey(key)?.background === false || begun.get(key) === false;
        if (background && foreground) continue;
        if (!begun.has(key)) begun.set(key, background);
      }
      sent.push(job);
    }
    const replies = await this.#tell(peer, sent.map(submission).join(""));
    const answers = replies.filter(({ name }) => name === "JOB_CREATED" || name === "ERROR");
    if (answers.length !== sent.length) throw new Error(`${answers.length} answers`);
    answers.forEach(({ name, body }, i) => {
      if (name === "ERROR") return;
      const job = sent[i]!;
      const background = isBackground(job);
      this.#book.created(
        { handle: body, name: job.name, key: keyOf(job), background },
        background ? undefined : peer,
      );
    });
  }

  #handle(nth: number): string {
    const { handles } = this.#book;
    return handles.length === 0 ? "H:x:1" : handles[nth % handles.length]!;
  }

  async #uniqueStatus({ peer, name, unique }: Doing<"unique status">): Promise<void> {
    const key = keyOf({ name, unique, data: "" })!;
    if (!this.#book.isSpoilt(key)) {
      await this.#say(peer, "GET_STATUS_UNIQUE", uniqueOf(name, unique));
    }
  }

  async #close(peer: number): Promise<void> {
    const waiting = this.#book.live.filter(({ clients }) => clients.includes(peer));
    // background-never-abandoned
    if (waiting.some(({ background }) => background)) return;
    // dropped-is-no-turn
    const queued = waiting.some(({ holder }) => holder === undefined || holder === peer);
    if (this.#world.manyFunctions && queued) return;
    if (!this.#mayReturn(this.#book.heldBy(peer))) return;
    await this.#duet.reopen(peer);
    this.#peers[peer] = newPeer();
    for (const job of waiting) {
      for (let at = job.clients.indexOf(peer); at >= 0; at = job.clients.indexOf(peer)) {
        job.clients.splice(at, 1);
      }
      if (job.clients.length === 0) this.#book.giveUp(job);
    }
    this.#returned(this.#book.heldBy(peer));
    await this.#tell(peer, "");
  }

  // Workers

  async #grab(peer: number, bytes: string): Promise<void> {
    const worker = this.#peers[peer]!;
    worker.asleep = false;
    const replies = await this.#tell(peer, bytes);
    for (const { name, body } of replies) {
      if (name === "NO_JOB") {
        for (const ability of worker.abilities) this.#book.dropGivenUp(ability);
      }
      if (!name.startsWith("JOB_ASSIGN")) continue;
      const job = this.#book.find(body.slice(0, body.indexOf("\0")));
      if (job !== undefined) job.holder = peer;
    }
    worker.woken = false;
  }

  async #sleep(peer: number): Promise<void> {
    const worker = this.#peers[peer]!;
    // sleep-after-noop; epoch-wakes-when-due
    if ((worker.asleep && worker.woken) || this.#world.delayed) return;
    // sleep-drops-nothing
    const dropped = this.#book.live.filter(({ givenUp, holder }) =>
      givenUp && holder === undefined
    );
    if (dropped.some(({ name }) => worker.abilities.has(name))) return;
    worker.asleep = true;
    worker.woken = false;
    await this.#say(peer, "PRE_SLEEP");
  }

  async #canDo({ peer, name, timeout }: Doing<"can do">): Promise<void> {
    const { abilities, asleep } = this.#peers[peer]!;
    // can-do-replaces; can-do-wakes
    if (abilities.has(name) || asleep) return;
    // priority-global
    if (!this.#world.manyFunctions && abilities.size > 0) return;
    abilities.add(name);
    if (timeout === undefined) await this.#say(peer, "CAN_DO", nameOf(name));
    else await this.#say(peer, "CAN_DO_TIMEOUT", nameOf(name), timeout);
  }

  async #cantDo(peer: number, name: number): Promise<void> {
    const { abilities, asleep } = this.#peers[peer]!;
    const jobs = this.#book.heldBy(peer).filter((job) => job.name === name);
    if (!this.#mayReturn(jobs)) return;
    // own-jobs-wake-others
    if (asleep && jobs.length > 0) return;
    if (abilities.delete(name)) this.#returned(jobs);
    await this.#say(peer, "CANT_DO", nameOf(name));
  }

  async #reset(peer: number): Promise<void> {
    const jobs = this.#book.heldBy(peer);
    const { abilities, asleep } = this.#peers[peer]!;
    // own-jobs-wake-others
    if (!this.#mayReturn(jobs) || (asleep && jobs.length > 0)) return;
    abilities.clear();
    this.#returned(jobs);
    await this.#say(peer, "RESET_ABILITIES");
  }

  /** abandoned-forgotten */
  #mayReturn(jobs: readonly KnownJob[]): boolean {
    return !jobs.some(({ givenUp }) => givenUp);
  }

  #returned(jobs: readonly KnownJob[]): void {
    for (const job of jobs) job.holder = undefined;
  }

  async #report({ peer, type, nth, data, grab }: Doing<"report">): Promise<void> {
    const held = this.#book.heldBy(peer);
    if (held.length === 0) return;
    const job = held[nth % held.length]!;
    const word = packet(PacketType[type], reportBody(type, job.handle, data));
    if (ENDS.has(type)) this.#book.ended(job);
    if (grab === undefined) await this.#tell(peer, word);
    else await this.#grab(peer, word + packet(PacketType[grab], ""));
  }

  async #steal({ peer, type, nth }: Doing<"steal">): Promise<void> {
    const handle = this.#handle(nth);
    if (this.#book.find(handle)?.holder === peer) return;
    await this.#tell(peer, packet(PacketType[type], reportBody(type, handle, "x")));
  }

  // Operators

  async #cancel({ peer, nth }: Doing<"cancel">): Promise<void> {
    const handle = this.#handle(nth);
    const job = this.#book.find(handle);
    // cancel-detaches
    if (job !== undefined && job.holder !== undefined && job.clients.length > 0) return;
    if (job?.givenUp === true) return;
    // dropped-is-no-turn
    if (this.#world.manyFunctions && job !== undefined && job.holder === undefined) return;
    if (job !== undefined) this.#book.giveUp(job);
    await this.#tell(peer, `cancel job ${handle}\n`);
  }

  async #drop({ peer, name }: Doing<"drop">): Promise<void> {
    // drop-refuses-jobs; drop-exact
    if (this.#book.live.some((job) => job.name === name) || name < 2) return;
    if (this.#world.delayed) return;
    await this.#tell(peer, `drop function ${nameOf(name)}\n`);
  }
}

const ENDS: ReadonlySet<string> = new Set(["WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION"]);

function newPeer(): Peer {
  return { abilities: new Set(), asleep: false, woken: false };
}

function nameOf(name: number): string {
  return FUNCTIONS[name]!;
}

/** GET_STATUS_UNIQUE does not name the function, so that each has its own. */
function uniqueOf(name: number, unique: number): string {
  return unique === -1 ? "" : unique === -2 ? "-" : `u${unique}-${name}`;
}

function keyOf(
  { name, unique, data }: Pick<Submitted, "name" | "unique" | "data">,
): string | undefined {
  if (unique === -1 || (unique === -2 && data === "")) return undefined;
  return `${name} ${unique === -2 ? `- ${data}` : unique}`;
}

function isBackground({ type }: Submitted): boolean {
  return type.endsWith("_BG") || type.endsWith("_BACKGROUND") || type === "SUBMIT_JOB_EPOCH";
}

function submission({ type, name, unique, data, epoch }: Submitted): string {
  const args = [nameOf(name), uniqueOf(name, unique)];
  if (type === "SUBMIT_JOB_EPOCH") args.push(epoch);
  if (type.startsWith("SUBMIT_REDUCE")) args.push(data.length % 3 === 0 ? "" : "reducer", "");
  return packet(PacketType[type], [...args, data].join("\0"));
}

function reportBody(type: string, handle: string, data: string): string {
  if (type === "WORK_FAIL") return handle;
  if (type === "WORK_STATUS") return `${handle}\0${data.length}\0-7`;
  return `${handle}\0${data}`;
}
