import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { bytesOf } from "../../../src/protocol/mod.ts";
import { WireClient } from "../../support/mod.ts";
import { packet, PEERS } from "./operations.ts";
import { repliesIn, type Reply, shown } from "./replies.ts";

/** How long the servers may take to notice that a connection is gone, milliseconds. */
const PATIENCE_MS = 60_000;
const ECHO_REQ = 16;
const ECHO_RES = 17;

/** One server as the duet plays on it. */
class Voice {
  readonly #port: number;
  readonly #peers: WireClient[] = [];
  #watcher: WireClient | undefined;
  #echoes = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async open(): Promise<void> {
    this.#watcher = await WireClient.connect(this.#port);
    for (let peer = 0; peer < PEERS; peer++) await this.reopen(peer);
  }

  async reopen(peer: number): Promise<void> {
    await this.#peers[peer]?.close();
    await this.#untilConnected(PEERS - (this.#peers[peer] === undefined ? PEERS - peer : 1));
    this.#peers[peer] = await WireClient.connect(this.#port);
  }

  /** The server has noticed who left. */
  async #untilConnected(peers: number): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      this.#watcher!.sendText("workers\n");
      const { length } = await this.#watcher!.readListing();
      if (length === peers + 1) return;
      assert.ok(performance.now() < end, `${length} connections instead of ${peers + 1}`);
      await pause(1);
    }
  }

  /** Sends bytes on one connection; answers what all of them received because of it. */
  async exchange(peer: number, bytes: string): Promise<Reply[][]> {
    const first = await this.#throughEcho(peer, bytes);
    const others = this.#peers.map((_, other) =>
      other === peer ? first : this.#throughEcho(other, "")
    );
    return await Promise.all(others);
  }

  /** Replies of a connection are in order: what comes before the echo is all there is. */
  async #throughEcho(peer: number, bytes: string): Promise<Reply[]> {
    const body = `\x01echo ${++this.#echoes}\x01`;
    const mark = packet(ECHO_RES, body, "RES");
    const client = this.#peers[peer]!;
    client.sendBytes(bytesOf(bytes + packet(ECHO_REQ, body)));
    const stream = await client.readThrough(mark);
    return repliesIn(bytesOf(stream.slice(0, -mark.length)));
  }

  async close(): Promise<void> {
    await Promise.all([this.#watcher, ...this.#peers].map((client) => client?.close()));
  }
}

/** Two servers that are told the same and must answer the same. */
export class Duet {
  readonly #gearmand: Voice;
  readonly #cogd: Voice;

  private constructor(gearmand: Voice, cogd: Voice) {
    this.#gearmand = gearmand;
    this.#cogd = cogd;
  }

  static async open(gearmandPort: number, cogdPort: number): Promise<Duet> {
    const duet = new Duet(new Voice(gearmandPort), new Voice(cogdPort));
    await duet.#both((voice) => voice.open());
    return duet;
  }

  /**
   * Sends bytes on one connection of each; answers what every connection received, the same from both. Only
   * cogd repeats a NOOP that is not answered in ten seconds: on a slow machine that may come to those who are `woken`.
   */
  async exchange(
    peer: number,
    bytes: string,
    woken: (peer: number) => boolean,
  ): Promise<readonly Reply[][]> {
    const [theirs, received] = await this.#both((voice) => voice.exchange(peer, bytes));
    const ours = received.map((replies, other) =>
      woken(other) ? replies.filter(({ name }) => name !== "NOOP") : replies
    );
    theirs.forEach((replies, other) => {
      const [expected, received] = [replies.map(shown), ours[other]!.map(shown)];
      assert.deepEqual(
        received,
        expected,
        `peer ${other} received\n    ${received.join("\n    ")}\n  from cogd, from gearmand\n    ${
          expected.join("\n    ")
        }`,
      );
    });
    return ours;
  }

  async reopen(peer: number): Promise<void> {
    await this.#both((voice) => voice.reopen(peer));
  }

  async close(): Promise<void> {
    await this.#both((voice) => voice.close());
  }

  #both<Result>(act: (voice: Voice) => Promise<Result>): Promise<[Result, Result]> {
    return Promise.all([act(this.#gearmand), act(this.#cogd)]);
  }
}
