import assert from "node:assert/strict";
import test from "node:test";
import {
  IDLE_TURNS,
  MOST_PER_IDLE_TURN,
  MOST_PER_TURN,
  PACKETS_PER_REQUEST,
  RequestTurns,
} from "../../src/http/request_turns.ts";
import { hello } from "./handlers.ts";
import { MemoryServer, settled } from "./memory_peer.ts";
import { GET, post } from "./requests.ts";

/** An event loop whose other work and turns the test makes. */
class Loop {
  work = 0;
  readonly turns = new RequestTurns({
    otherWork: () => this.work,
    nextTurn: (callback) => {
      assert.equal(this.#next, undefined);
      this.#next = callback;
    },
  });
  /** Requests that have begun, in their order. */
  readonly begun: string[] = [];
  #next: (() => void) | undefined;

  get awaitsTurn(): boolean {
    return this.#next !== undefined;
  }

  /** Requests come. */
  ask(...names: string[]): void {
    for (const name of names) {
      if (this.turns.admits({ turnCame: () => this.begun.push(name) })) this.begun.push(name);
    }
  }

  /** Packets come, and the turn ends. */
  turn(packets: number): void {
    this.work += packets;
    const callback = this.#next;
    this.#next = undefined;
    callback?.();
  }

  /** Names of those that have begun since the last look. */
  take(): string {
    return this.begun.splice(0).join("");
  }
}

test("requests begin as they come while the loop has no other work, and ask for no turns", () => {
  const loop = new Loop();
  for (let i = 0; i < 100; i++) loop.ask("a", "b", "c");
  assert.equal(loop.begun.length, 300);
  assert.equal(loop.awaitsTurn, false);
  assert.equal(loop.turns.waiting, 0);
});

test("beside other work, each request waits until it was earned, in the order of coming", () => {
  const loop = new Loop();
  loop.turn(1);
  loop.ask("a", "b", "c", "d");
  assert.equal(loop.take(), "");
  loop.turn(PACKETS_PER_REQUEST - 1);
  assert.equal(loop.take(), "");
  loop.turn(1);
  assert.equal(loop.take(), "a");
  loop.ask("e");
  loop.turn(2 * PACKETS_PER_REQUEST);
  assert.equal(loop.take(), "bc");
  assert.equal(loop.turns.waiting, 2);
  loop.turn(2 * PACKETS_PER_REQUEST);
  assert.equal(loop.take(), "de");
  assert.equal(loop.awaitsTurn, false);
});

test("both sides get their share of a loop that is never idle", () => {
  const loop = new Loop();
  let asked = 0;
  loop.turn(1);
  for (let turn = 0; turn < 1000; turn++) {
    while (loop.turns.waiting < 32) loop.ask(String(asked++));
    loop.turn(12);
  }
  assert.equal(loop.begun.length, 12_000 / PACKETS_PER_REQUEST);
  assert.deepEqual(loop.begun, loop.begun.toSorted((a, b) => Number(a) - Number(b)));
});

test("what nobody waited for is not saved up, and one turn lets no flood through", () => {
  const loop = new Loop();
  loop.turn(1_000_000);
  for (let i = 0; i < 3 * MOST_PER_TURN; i++) loop.ask("x");
  assert.equal(loop.take(), "");
  loop.turn(1_000_000);
  assert.equal(loop.begun.length, MOST_PER_TURN);
});

test("a turn without other work lets a few begin, several in a row all, and those that come then", () => {
  const loop = new Loop();
  loop.turn(1);
  for (let i = 0; i < 100; i++) loop.ask("x");
  loop.turn(0);
  assert.equal(loop.begun.length, MOST_PER_IDLE_TURN);
  loop.turn(1);
  assert.equal(loop.begun.length, MOST_PER_IDLE_TURN);
  for (let i = 1; i < IDLE_TURNS; i++) loop.turn(0);
  assert.equal(loop.begun.length, IDLE_TURNS * MOST_PER_IDLE_TURN);
  loop.turn(0);
  assert.equal(loop.begun.length, 100);
  assert.equal(loop.awaitsTurn, false);
  loop.ask("y", "z");
  assert.equal(loop.begun.length, 102);
  loop.turn(1);
  loop.ask("y");
  assert.equal(loop.begun.length, 102);
  loop.turn(0);
  assert.equal(loop.begun.length, 103);
});

test("work that HTTP has caused itself does not hold it up", () => {
  const loop = new Loop();
  for (let i = 0; i < 1000; i++) {
    loop.ask("x");
    loop.work -= 5;
    loop.turn(4);
  }
  assert.equal(loop.begun.length, 1000);
  assert.equal(loop.awaitsTurn, false);
  // What was taken off too much is forgotten, so that others are soon noticed.
  loop.turn(200);
  loop.ask("y");
  assert.equal(loop.turns.waiting, 1);
});

test("connections keep what comes while they wait, and requests of one stay in order", async () => {
  const loop = new Loop();
  const server = await MemoryServer.open(hello, {}, loop.turns);
  const [first, second] = [server.connect(), server.connect()];
  loop.turn(1);
  first.send(GET + post("abc").slice(0, 20));
  second.send(GET);
  first.send(post("abc").slice(20));
  await settled();
  assert.equal(loop.turns.waiting, 2);
  assert.deepEqual([first.received, second.received], ["", ""]);
  loop.turn(PACKETS_PER_REQUEST);
  await settled();
  assert.deepEqual([first.responses().length, second.responses().length], [1, 0]);
  loop.turn(PACKETS_PER_REQUEST);
  await settled();
  assert.deepEqual([first.responses().length, second.responses().length], [1, 1]);
  loop.turn(PACKETS_PER_REQUEST);
  await settled();
  assert.deepEqual(first.responses().map(({ status }) => status), [200, 200]);
});

test("a peer that sends without end while it waits is not read on", async () => {
  const loop = new Loop();
  const server = await MemoryServer.open(hello, {}, loop.turns);
  const peer = server.connect();
  loop.turn(1);
  let count = 0;
  for (; !peer.paused; count++) {
    assert.ok(count < 1000, "was read without end");
    peer.send(GET);
  }
  while (loop.turns.waiting > 0) {
    loop.turn(PACKETS_PER_REQUEST);
    await settled();
  }
  assert.equal(peer.paused, false);
  assert.equal(peer.responses().length, count);
});

test("peers that leave while they wait cost nothing, those that only end their side are answered", async () => {
  const loop = new Loop();
  const server = await MemoryServer.open(hello, {}, loop.turns);
  const [gone, half] = [server.connect(), server.connect()];
  loop.turn(1);
  gone.send(GET);
  half.send(GET);
  gone.hangUp();
  half.halfClose();
  await settled();
  assert.equal(half.ended, false);
  loop.turn(2 * PACKETS_PER_REQUEST);
  await settled();
  assert.deepEqual([gone.received, half.responses().length, half.ended], ["", 1, true]);
  assert.equal(server.http.connections.open, 0);
});

test("a server that closes answers the requests that waited", async () => {
  const loop = new Loop();
  const server = await MemoryServer.open(hello, {}, loop.turns);
  const [whole, part, idle] = [server.connect(), server.connect(), server.connect()];
  loop.turn(1);
  whole.send(GET);
  part.send(GET.slice(0, 9));
  const closing = server.http.close(5000);
  await settled();
  assert.deepEqual([whole.destroyed, part.destroyed, idle.destroyed], [false, false, true]);
  loop.turn(2 * PACKETS_PER_REQUEST);
  await closing;
  assert.match(whole.received, /^HTTP\/1.1 200 [^]*connection: close/);
  assert.deepEqual([whole.ended, part.received, part.destroyed], [true, "", true]);
  assert.equal(server.clock.timers, 0);
});

test("a connection that waits for its turn is not cut for being idle", async () => {
  const loop = new Loop();
  const server = await MemoryServer.open(hello, { keepAliveMs: 1000 }, loop.turns);
  const peer = server.connect();
  loop.turn(1);
  peer.send(GET);
  server.clock.pass(10_000);
  loop.turn(PACKETS_PER_REQUEST);
  await settled();
  assert.equal(peer.responses().length, 1);
});
