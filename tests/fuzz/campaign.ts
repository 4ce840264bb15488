import { Buffer } from "node:buffer";
import { byteStringFrom, type PacketTypeName } from "../../src/protocol/mod.ts";
import { Canary, type CanaryReport } from "../faults/mod.ts";
import { Random } from "../support/mod.ts";
import { EagerWorker } from "./eager_worker.ts";
import { shown } from "./expectation.ts";
import { fatalInput } from "./fatal_input.ts";
import { junkName, payloadFor, tagOf, WILD_MARK } from "./payload.ts";
import { Registry } from "./registry.ts";
import { ANSWER_MS, type ReportViolation, SoundPeer } from "./sound_peer.ts";
import { makeRequest, type SoundWorld } from "./sound_requests.ts";
import { sendSplit, turn } from "./split_sending.ts";
import { Violation } from "./violation.ts";
import { WildPeer } from "./wild_peer.ts";
import { mutated, validRequest, type WildWorld } from "./wild_requests.ts";

export interface CampaignOptions {
  readonly port: number;
  readonly pid: number;
  readonly seed: number;
  /** Packets and lines to send, about. */
  readonly packets: number;
  /** How many peers of each kind are connected at any time. */
  readonly sound?: number;
  readonly wild?: number;
  /** How long any answer may take, milliseconds. */
  readonly answerMs?: number;
}

export interface CampaignReport {
  readonly packets: number;
  readonly connections: number;
  readonly canary: CanaryReport;
  /** How many packets of each type sound peers got. */
  readonly tally: ReadonlyMap<PacketTypeName, number>;
}

/** Peers that act at the same time. */
const AT_ONCE = 6;
const EAGER = 2;
const MOST_SOUND_REQUESTS = 30;
const MOST_WILD_REQUESTS = 15;
const KEPT_BYTES = 1500;

/**
 * Sound and wild peers act on one server, some at a time, until so many packets are sent; then all
 * jobs of sound functions are done and all sound peers have got what is theirs. The seed decides
 * what is sent by whom; only which job a result is for depends on what the server gave out.
 * Rejects with the first violation, and with what its peer had sent.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  return await new Campaign(options).run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #registry = new Registry();
  readonly #sound: SoundPeer[] = [];
  readonly #wild: WildPeer[] = [];
  readonly #eager: EagerWorker[] = [];
  readonly #soundWorld: SoundWorld;
  readonly #wildWorld: WildWorld;
  /** What each peer sent last. */
  readonly #sent = new Map<number, Buffer>();
  #connections = 0;
  #packets = 0;
  #fail: (error: unknown) => void = () => {};
  readonly #failed: Promise<never>;
  readonly #report: ReportViolation = (number, error) => this.#violated(number, error);

  constructor(options: CampaignOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    const uniques = Array.from({ length: 12 }, () => `u${junkName(random, random.between(0, 63))}`);
    const numbered = (word: string) => Array.from({ length: 8 }, (_, i) => `${word}_${i}`);
    this.#soundWorld = {
      registry: this.#registry,
      functions: numbered("sound"),
      uniques,
      pid: options.pid,
    };
    this.#wildWorld = { functions: numbered("wild"), uniques };
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
  }

  async run(): Promise<CampaignReport> {
    const { port, answerMs = ANSWER_MS, seed } = this.#options;
    const canary = await Canary.start(port, answerMs, seed);
    try {
      const acted = this.#act();
      acted.catch(() => {});
      await Promise.race([acted, this.#failed, canary.dead]);
      const report = await canary.stop();
      return {
        packets: this.#packets,
        connections: this.#connections,
        canary: report,
        tally: this.#registry.tally,
      };
    } catch (error) {
      await canary.stop().catch(() => {});
      throw error;
    } finally {
      for (const peer of [...this.#sound, ...this.#wild, ...this.#eager]) peer.close();
    }
  }

  async #act(): Promise<void> {
    const { packets, seed, sound = 12, wild = 12 } = this.#options;
    for (let i = 0; i < sound; i++) this.#sound.push(await this.#newSoundPeer());
    for (let i = 0; i < wild; i++) this.#wild.push(await this.#newWildPeer());
    for (let i = 0; i < EAGER; i++) await this.#addEagerWorker(i);
    for (let step = 1; this.#packets < packets; step++) {
      const random = new Random(seed + Math.imul(step, 0x9e3779b1));
      const actors = new Set(
        Array.from({ length: AT_ONCE }, () => random.below(sound + wild)),
      );
      await Promise.all([...actors].map((actor) => {
        const own = new Random(random.uint32());
        return actor < sound ? this.#soundStep(actor, own) : this.#wildStep(actor - sound, own);
      }));
    }
    await this.#settle();
  }

  /** Each for two functions, so that most jobs are left to the others. */
  async #addEagerWorker(index: number): Promise<void> {
    const functions = this.#soundWorld.functions.slice(2 * index, 2 * index + 2);
    const worker = new EagerWorker(++this.#connections, functions, this.#registry, this.#report);
    this.#eager.push(worker);
    await worker.connect(this.#options.port);
  }

  async #newSoundPeer(): Promise<SoundPeer> {
    const { port, answerMs } = this.#options;
    const peer = new SoundPeer(++this.#connections, this.#registry, this.#report, answerMs);
    await peer.connect(port);
    return peer;
  }

  async #newWildPeer(): Promise<WildPeer> {
    const peer = new WildPeer(++this.#connections, this.#report);
    await peer.connect(this.#options.port);
    return peer;
  }

  async #soundStep(slot: number, random: Random): Promise<void> {
    const peer = this.#sound[slot]!;
    for (let i = random.between(1, MOST_SOUND_REQUESTS); i > 0; i--) {
      makeRequest(peer, random, this.#soundWorld);
    }
    peer.barrier();
    await this.#sendSound(peer, random);
    const draw = random.below(100);
    if (draw >= 6) return await peer.answered();
    switch (draw) {
      case 0:
        peer.close();
        break;
      case 1:
        peer.reset();
        break;
      case 2:
        peer.halfClose();
        await peer.ended();
        this.#requireAnswered(peer);
        break;
      case 3:
        await peer.answered();
        peer.close();
        break;
      default:
        await peer.answered();
        peer.expectEnd();
        peer.raw(fatalInput(random));
        await this.#sendSound(peer, random);
        await peer.ended();
    }
    this.#sound[slot] = await this.#newSoundPeer();
  }

  async #wildStep(slot: number, random: Random): Promise<void> {
    const peer = this.#wild[slot]!;
    const requests: Uint8Array[] = [];
    for (let i = random.between(1, MOST_WILD_REQUESTS); i > 0; i--) {
      const tag = tagOf(WILD_MARK, peer.number, i);
      const payload = payloadFor(tag, random.below(200));
      const request = validRequest(random, this.#wildWorld, payload, peer.heldJob);
      requests.push(random.chance(0.35) ? mutated(request, random) : request);
    }
    this.#note(peer.number, requests);
    await sendSplit((bytes) => peer.send(bytes), requests, random);
    const draw = random.below(20);
    if (draw === 0) peer.close();
    else if (draw === 1) peer.reset();
    else if (draw === 2) peer.halfClose();
    // Lets the server's answer come, which may be the end of the connection.
    await turn();
    if (draw < 3 || peer.isOver) this.#wild[slot] = await this.#newWildPeer();
  }

  async #sendSound(peer: SoundPeer, random: Random): Promise<void> {
    const requests = peer.takeOutgoing();
    this.#note(peer.number, requests);
    await sendSplit((bytes) => peer.send(bytes), requests, random);
  }

  #note(number: number, requests: readonly Uint8Array[]): void {
    this.#packets += requests.length;
    const bytes = Buffer.concat([this.#sent.get(number) ?? Buffer.alloc(0), ...requests]);
    this.#sent.set(number, Buffer.from(bytes.subarray(-KEPT_BYTES)));
  }

  /** Every job of sound functions is done; every sound peer gets what it waits for. */
  async #settle(): Promise<void> {
    const random = new Random(this.#options.seed);
    await Promise.all(this.#sound.map(async (peer) => {
      peer.resetAbilities();
      peer.barrier();
      await this.#sendSound(peer, random);
      await peer.answered();
    }));
    const worker = await this.#newSoundPeer();
    this.#sound.push(worker);
    for (const name of this.#soundWorld.functions) worker.canDo(name);
    do {
      for (const handle of worker.memory.held) worker.report("WORK_COMPLETE", handle, 30);
      for (let i = 0; i < 50; i++) worker.grab("GRAB_JOB_ALL");
      await this.#sendSound(worker, random);
      await worker.answered();
    } while (worker.memory.held.length > 0 && !worker.isOver);
    await Promise.all(this.#sound.map((peer) => peer.served()));
  }

  /** Whoever half-closes gets all replies before the connection ends; results it may lose. */
  #requireAnswered({ number, memory }: SoundPeer): void {
    const { expected } = memory;
    if (expected.length === 0) return;
    const missing = `${expected.length} replies, first ${shown(expected[0])}`;
    this.#violated(number, new Violation(`it was closed before all had come: ${missing}`));
  }

  #violated(number: number, error: unknown): void {
    const sent = this.#sent.get(number) ?? Buffer.alloc(0);
    const text = error instanceof Error ? error.message : String(error);
    this.#fail(
      new Error(
        `Seed ${this.#options.seed}, after ${this.#packets} packets, peer ${number}: ${text}\n` +
          `It had sent, at last: ${JSON.stringify(byteStringFrom(sent))}`,
        { cause: error },
      ),
    );
  }
}
