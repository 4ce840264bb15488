import assert from "node:assert/strict";
import test from "node:test";
import { type LoopTurns, openLoopTurns } from "../../src/runtime/mod.ts";
import { deadline, PATIENCE_MS } from "../support/mod.ts";
import { withServer } from "./recorder.ts";

function turnOf(turns: LoopTurns): Promise<void> {
  const turn = new Promise<void>((resolve) => turns.next(resolve));
  return deadline(turn, PATIENCE_MS, "a turn of the loop");
}

test("a turn comes later, again and again", async () => {
  const turns = openLoopTurns();
  let count = 0;
  for (let i = 0; i < 100; i++) {
    const turn = new Promise<void>((resolve) =>
      turns.next(() => {
        count++;
        resolve();
      })
    );
    assert.equal(count, i);
    await deadline(turn, PATIENCE_MS, "a turn of the loop");
  }
  turns.close();
});

test("what has come for a socket is read within a few turns", () =>
  withServer(async (server) => {
    const turns = openLoopTurns();
    const { peer, own } = await server.pair();
    await turnOf(turns);
    for (let i = 1; i <= 50; i++) {
      peer.connection.write(new Uint8Array(1));
      let waited = 0;
      for (; own.size < i; waited++) await turnOf(turns);
      assert.ok(waited < 10, `${waited} turns went by`);
    }
    turns.close();
  }));

test("none comes once it is closed, however early", async () => {
  const turns = openLoopTurns();
  turns.next(() => assert.fail("came"));
  turns.close();
  const others = openLoopTurns();
  for (let i = 0; i < 20; i++) await turnOf(others);
  others.close();
});
