/** What becomes of calls that wait when their token ends. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { newToken, type TokenEntry } from "../../../src/gateway/trust/mod.ts";
import { FakeClock, turn } from "../../server/mod.ts";
import { temporaryFolder } from "../../support/mod.ts";
import type { Answer } from "../asking.ts";
import { FollowScene, StreamReader } from "../follow/mod.ts";
import { entry, TokenScene } from "./token_scene.ts";

/** What docs/http.md says: within so much after its end a token's calls have ended. */
const BOUND_MS = 2000;

const [GONE, KEPT] = [newToken(), newToken()];

/** A gateway with the tokens `gone`, whose end the tests make, and `kept`. */
async function start(folder: string, gone: Partial<TokenEntry> = {}) {
  const clock = new FakeClock();
  const tokens = new TokenScene(folder, clock);
  const write = (more: Partial<TokenEntry>) =>
    tokens.write(entry("gone", GONE, more), entry("kept", KEPT));
  write(gone);
  const scene = await FollowScene.start({ clock, trust: () => tokens.trust() });
  return { scene, tokens, write };
}

/** One call of each kind with a token: a stream, a long poll and a synchronous call. */
interface Calls {
  readonly stream: StreamReader;
  readonly poll: { answer: Answer | undefined };
  readonly sync: { answer: Answer | undefined };
}

async function begin(scene: FollowScene, token: string): Promise<Calls> {
  const { handle } = scene.submit("f");
  const [poll, sync]: { answer: Answer | undefined }[] = [
    { answer: undefined },
    { answer: undefined },
  ];
  void scene.ask(`GET /jobs/${handle}?wait=60`, { token }).then((one) => poll!.answer = one);
  void scene.ask("POST /jobs/f", { token, body: "x" }).then((one) => sync!.answer = one);
  const stream = await scene.follow(`/jobs/${handle}/events`, { token });
  await turn();
  return { stream, poll: poll!, sync: sync! };
}

function assertOpen({ stream, poll, sync }: Calls): void {
  assert.deepEqual([stream.ended, poll.answer, sync.answer], [false, undefined, undefined]);
}

function assertEnded({ stream, poll, sync }: Calls): void {
  assert.equal(stream.ended, true);
  for (const { answer } of [poll, sync]) {
    assert.equal(answer?.status, 401);
    assert.equal(answer.json["type"], "/problems/unauthorized");
    assert.match(answer.headers.get("www-authenticate")!, /invalid_token/);
  }
}

for (
  const [what, change] of [
    ["taken out of the file", ({ tokens }) => tokens.write(entry("kept", KEPT))],
    ["given another role", ({ write }) => write({ roles: ["metrics"] })],
    ["given other functions", ({ write }) => write({ functions: ["g"] })],
  ] as readonly (readonly [string, (one: Awaited<ReturnType<typeof start>>) => void])[]
) {
  test(`calls that wait end soon after their token was ${what}, and no others`, async () => {
    await using folder = await temporaryFolder();
    const all = await start(folder.path);
    const { scene } = all;
    const before = scene.clock.timers;
    const gone = await begin(scene, GONE);
    const kept = await begin(scene, KEPT);
    scene.clock.pass(5000);
    await turn();
    assertOpen(gone);
    change(all);
    // Somebody else's request has the file read, which must not put off the end.
    scene.clock.pass(BOUND_MS / 2);
    await scene.ask("GET /jobs/H:t:1", { token: KEPT });
    scene.clock.pass(BOUND_MS / 2);
    await turn();
    assertEnded(gone);
    assertOpen(kept);
    assert.deepEqual(scene.waits.counts, { sync: 1, poll: 1, stream: 1 });
    const worker = scene.worker("f");
    for (let job = 0; job < 4; job++) {
      worker.send("GRAB_JOB");
      worker.send("WORK_COMPLETE", `H:t:${job + 1}`, "");
    }
    await turn();
    assert.deepEqual(scene.waits.counts, { sync: 0, poll: 0, stream: 0 });
    assert.equal(scene.clock.timers, before, "nobody waits, so nobody looks");
  });
}

test("calls that wait end when their token expires, and with the file itself", async () => {
  await using folder = await temporaryFolder();
  const expires = "2026-01-31T00:01:00Z";
  const { scene, tokens } = await start(folder.path, { expires });
  const [expiring, other] = [await begin(scene, GONE), await begin(scene, KEPT)];
  scene.clock.pass(Date.parse(expires) - scene.clock.now() - 3_000);
  await turn();
  assertOpen(expiring);
  scene.clock.pass(3_000 + BOUND_MS);
  await turn();
  assert.equal(expiring.stream.ended, true);
  assert.equal(other.stream.ended, false);
  rmSync(tokens.path);
  scene.clock.pass(BOUND_MS);
  await turn();
  assert.equal(other.stream.ended, true);
  assert.deepEqual(scene.waits.counts, { sync: 0, poll: 0, stream: 0 });
});

test("a token that ends before the head of a stream was sent leaves a stream that is over", async () => {
  await using folder = await temporaryFolder();
  const { scene, tokens } = await start(folder.path);
  const handle = scene.background("f");
  const response = await scene.respond(`GET /jobs/${handle}/events`, { token: GONE });
  tokens.write(entry("kept", KEPT));
  scene.clock.pass(BOUND_MS);
  assert.equal(scene.waits.counts.stream, 0);
  assert.equal(new StreamReader(response).ended, true);
});
