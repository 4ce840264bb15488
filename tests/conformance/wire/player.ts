import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { bytesOf, byteStringFrom } from "../../../src/protocol/mod.ts";
import { WireClient } from "../../support/mod.ts";
import { ANY, Meanings } from "./marks.ts";
import { type Message, type Peer, type Scenario, type Step, text } from "./script.ts";

/** Where a script is played, and which side of deliberate differences must show. */
export interface Stage {
  readonly side: "gearmand" | "cogd";
  readonly port: number;
  readonly hostname: string;
}

/** How long an expected message or a repeated question may take, milliseconds. */
const PATIENCE_MS = 60_000;
/** Between two questions of `until`, milliseconds. */
const ASK_AGAIN_MS = 5;
const HEADER_BYTES = 12;

/**
 * Plays a script to its end and proves that no connection was sent anything more. Rejects with the
 * first step that went otherwise. `index` keeps the names of scripts on one server apart.
 */
export async function play(scenario: Scenario, stage: Stage, index: number): Promise<void> {
  const player = new Player(stage, index);
  try {
    await player.playAll(scenario.steps);
    await player.proveSilence();
  } catch (cause) {
    throw new Error(`${player.position}: ${(cause as Error).message}`, { cause });
  } finally {
    await player.closeAll();
  }
}

class Player {
  readonly #stage: Stage;
  readonly #meanings: Meanings;
  readonly #connections = new Map<Peer, WireClient>();
  /** Peers that can still ask for an echo. */
  readonly #talking = new Set<Peer>();
  #echoes = 0;
  #count = 0;
  #last = "";

  constructor(stage: Stage, index: number) {
    this.#stage = stage;
    this.#meanings = new Meanings(index);
  }

  /** The step that is being played, for messages. */
  get position(): string {
    return `step ${this.#count} (${this.#last})`;
  }

  async playAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#play(step);
  }

  async proveSilence(): Promise<void> {
    for (const who of [...this.#talking]) await this.#play({ do: "silent", who: [who] });
  }

  async closeAll(): Promise<void> {
    for (const connection of this.#connections.values()) await connection.close();
  }

  async #play(step: Step): Promise<void> {
    if (step.do === "steps") return await this.playAll(step.steps);
    if (step.do === "differs") return await this.playAll(step[this.#stage.side]);
    this.#count++;
    this.#last = `${step.do} ${step.who}`;
    switch (step.do) {
      case "send":
        return this.#send(await this.#connection(step.who), ...step.messages);
      case "receive":
        return await this.#receive(await this.#connection(step.who), step.messages);
      case "silent":
        for (const who of step.who) await this.#silent(await this.#connection(who));
        return;
      case "closed":
        return await this.#closed(step.who);
      case "until":
        return await this.#until(await this.#connection(step.who), step.request, step.reply);
      case "list":
        return await this.#list(await this.#connection(step.who), step);
      case "half-close":
      case "close":
      case "reset":
        return await this.#end(await this.#connection(step.who), step);
    }
  }

  async #end(
    connection: WireClient,
    step: Step & { do: "half-close" | "close" | "reset" },
  ): Promise<void> {
    await connection.flushed();
    this.#talking.delete(step.who);
    if (step.do === "half-close") connection.halfClose();
    else await connection[step.do]();
  }

  async #connection(who: Peer): Promise<WireClient> {
    let connection = this.#connections.get(who);
    if (connection === undefined) {
      const { port, hostname } = this.#stage;
      connection = await WireClient.connect(port, { hostname, patienceMs: PATIENCE_MS });
      this.#connections.set(who, connection);
      this.#talking.add(who);
    }
    return connection;
  }

  #send(connection: WireClient, ...messages: readonly Message[]): void {
    connection.sendBytes(bytesOf(messages.map((message) => this.#bytes(message)).join("")));
  }

  async #receive(connection: WireClient, messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      const received = await this.#next(connection, message);
      this.#meanings.learn(message.body, message.head ? received.slice(HEADER_BYTES) : received);
      this.#assertSame(received, message);
    }
  }

  #assertSame(received: string, expected: Message): void {
    if (expected.head === undefined && expected.body.includes(ANY)) {
      const [before, after] = expected.body.split(ANY) as [string, string];
      const fits = received.startsWith(before) && received.endsWith(after) &&
        received.length > before.length + after.length;
      assert.ok(fits, `expected ${shown(`${before}…${after}`)}, received ${shown(received)}`);
    } else {
      const bytes = this.#bytes(expected);
      assert.ok(received === bytes, `expected ${shown(bytes)}, received ${shown(received)}`);
    }
  }

  /** The next message of the kind that is expected: a packet, a line, or so many bytes. */
  async #next(connection: WireClient, expected: Message): Promise<string> {
    if (expected.head === undefined) {
      if (expected.body.includes(ANY)) return await connection.readLine();
      const { length } = this.#meanings.resolve(expected.body);
      return byteStringFrom(await connection.readBytes(length));
    }
    const header = byteStringFrom(await connection.readBytes(HEADER_BYTES));
    if (!header.startsWith("\0RES")) return header;
    const view = new DataView(bytesOf(header).buffer);
    return header + byteStringFrom(await connection.readBytes(view.getUint32(8)));
  }

  async #silent(connection: WireClient): Promise<void> {
    const data = `silence ${++this.#echoes}`;
    this.#send(connection, { head: { magic: "REQ", type: 16 }, body: data });
    await this.#receive(connection, [{ head: { magic: "RES", type: 17 }, body: data }]);
  }

  async #closed(who: Peer): Promise<void> {
    const rest = byteStringFrom(await (await this.#connection(who)).readToEnd());
    this.#talking.delete(who);
    assert.ok(rest === "", `expected nothing before the end, received ${shown(rest)}`);
  }

  async #until(connection: WireClient, request: Message, reply: Message): Promise<void> {
    await this.#repeat(async () => {
      this.#send(connection, request);
      this.#assertSame(await this.#next(connection, reply), reply);
    });
  }

  async #list(connection: WireClient, step: Step & { do: "list" }): Promise<void> {
    const expected = step.lines.map((line) => this.#meanings.resolve(line)).sort();
    const once = async () => {
      this.#send(connection, text(step.command));
      const lines = (await connection.readThrough(".\n")).split("\n");
      assert.deepEqual(lines.splice(-2), [".", ""], "the end of the listing");
      const ours = lines.filter((line) => step.whole || this.#meanings.speaksOf(line));
      const received = ours.map((line) =>
        line.replace(/^\d+ /, "FD ").replace(/^FD ::(%\d+)? /, "FD ::%N ")
      ).sort();
      assert.ok(
        received.join("\n") === expected.join("\n"),
        `expected the lines ${shown(expected)}, received ${shown(received)}`,
      );
    };
    await (step.until ? this.#repeat(once) : once());
  }

  async #repeat(attempt: () => Promise<void>): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof assert.AssertionError) || performance.now() > end) throw error;
        await pause(ASK_AGAIN_MS);
      }
    }
  }

  /** All bytes of a message, packets with their header. */
  #bytes({ head, body }: Message): string {
    const resolved = this.#meanings.resolve(body);
    if (head === undefined) return resolved;
    return `\0${head.magic}${uint32(head.type)}${uint32(head.size ?? resolved.length)}${resolved}`;
  }
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255);
}

function shown(value: unknown): string {
  const all = JSON.stringify(value);
  return all.length > 500 ? `${all.slice(0, 500)}…` : all;
}
