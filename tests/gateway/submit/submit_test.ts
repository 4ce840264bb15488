import assert from "node:assert/strict";
import test from "node:test";
import { type ReplayPage, StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore } from "../../server/mod.ts";
import { asked, SubmitScene } from "../submit_scene.ts";

/** A store whose jobs are read for as long as the test likes. */
class ReadingStore extends ScriptedStore {
  finish = (): void => {};
  readonly #read = new Promise<void>((resolve) => this.finish = resolve);

  override async *replay(): AsyncIterable<ReplayPage> {
    await this.#read;
    yield* this.pages;
  }
}

test("options become the submission that they name", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f\0");
  worker.send("RESET_ABILITIES");
  const submitted: string[] = [];
  scene.server.watch({
    submitted: (job) =>
      submitted.push(
        [job.queue.name, job.priority, job.unique, job.notBefore, job.reducer, job.background]
          .join(" "),
      ),
    refused: () => {},
    queued: () => {},
    assigned: () => {},
    returned: () => {},
    reported: () => {},
    ended: () => {},
  });
  const now = Math.floor(scene.clock.now() / 1000);
  for (
    const [what, headers, expected] of [
      ["POST /jobs/f?priority=high", {}, "f 0   0  false"],
      ["POST /jobs/f", { "X-Gearman-Priority": "low" }, "f 2   0  false"],
      ["POST /jobs/f?background=true&unique=u%FF", {}, "f 1 u\xff 0  true"],
      ["POST /jobs/f", { "Gearman-Unique": "x", "Prefer": "respond-async" }, "f 1 x 0  true"],
      ["POST /jobs/f", { "X-Gearman-Background": "true" }, "f 1  0  true"],
      ["POST /jobs/f?delay=90s", {}, `f 1  ${now + 90}  true`],
      ["POST /jobs/f?run_at=1767225600", {}, "f 1  1767225600  true"],
      ["POST /jobs/f?reducer=sum", {}, "f 1  0 sum false"],
      ["POST /jobs/f?reducer=sum&background=true", {}, "f 1  0 sum true"],
      ["POST /jobs/a%2Fb%20%C3%A4", { Prefer: "respond-async" }, "a/b \xc3\xa4 1  0  true"],
    ] as [string, Record<string, string>, string][]
  ) {
    const call = await scene.begin(what, { headers });
    assert.deepEqual(submitted.splice(0), [expected.replace("   0", "  0")], what);
    await call.leave();
  }
  assert.ok(scene.log.includes("NOTICE accepted,f,,0,sum"), "as for the binary port");
  assert.ok(scene.log.includes("NOTICE accepted,f,,1767225600"));
});

test("a background job is answered when the store has it, never before", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const call = await scene.begin("POST /jobs/f?unique=u", {
    body: "w",
    headers: { Prefer: "respond-async" },
  });
  assert.equal(call.answer, undefined);
  await store.hold();
  const { status, headers, json } = await call.answered;
  assert.equal(status, 202);
  assert.deepEqual(json, {
    handle: "H:t:1",
    function: "f",
    unique: "u",
    state: "queued",
    durability: "power-loss",
  });
  assert.equal(headers.get("location"), "/jobs/H:t:1");
  assert.equal(headers.get("retry-after"), "1");
  assert.equal(headers.get("preference-applied"), "respond-async");
  assert.equal(headers.get("gearman-coalesced"), null);
  const again = await scene.ask("POST /jobs/f?unique=u&background=true");
  assert.equal(again.status, 202);
  assert.equal(again.headers.get("gearman-coalesced"), "true");
  assert.equal(again.headers.get("preference-applied"), null);
  assert.equal(scene.jobs, 1);
});

test("a delayed job's answer says when to look", async () => {
  const scene = await SubmitScene.start();
  const { headers, json } = await scene.ask("POST /jobs/f?delay=90s");
  assert.equal(headers.get("retry-after"), "90");
  assert.equal(json["state"], "scheduled");
});

test("what the store refuses is 503, and so is what waits too long for it", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const call = await scene.begin("POST /jobs/f?background=true");
  await store.fail(new StoreError("FULL", "The disk is full"));
  const { status, headers, json } = await call.answered;
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/store-unavailable");
  assert.match(String(json["detail"]), /The disk is full/);
  assert.equal(headers.get("retry-after"), "5");
  assert.equal(scene.jobs, 0);
});

test("a workload that the store would not take is refused before it is asked", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const body = new Uint8Array(1001);
  const { status, json } = await scene.ask("POST /jobs/f?background=true", { body });
  assert.equal(status, 413);
  assert.equal(json["limit"], 1000);
  assert.equal(store.batches.length, 0);
  const sync = await scene.begin("POST /jobs/f", { body });
  assert.equal(scene.jobs, 1, "a foreground job needs no store");
  await sync.leave();
  const large = await scene.ask("POST /jobs/f", { body: new Uint8Array(1025) });
  assert.equal(large.status, 413);
  assert.equal(large.json["type"], "/problems/payload-too-large");
});

test("a full queue is 503 with its limit", async () => {
  const scene = await SubmitScene.start();
  scene.server.act((jobServer) => {
    jobServer.createFunction("f");
    jobServer.setQueueLimits("f", [1, 1, 1]);
  });
  assert.equal((await scene.ask("POST /jobs/f?background=true")).status, 202);
  const { status, json, headers } = await scene.ask("POST /jobs/f");
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/queue-full");
  assert.equal(json["limit"], 1);
  assert.equal(json["depth"], 1);
  assert.equal(headers.get("retry-after"), "5");
  assert.equal(scene.waits.counts.sync, 0);
});

test("require_worker is 503 at once where nobody can do the job", async () => {
  const scene = await SubmitScene.start();
  const { status, json } = await scene.ask("POST /jobs/f?require_worker=true");
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/no-worker");
  assert.equal(scene.jobs, 0);
  scene.worker("f");
  const { status: accepted } = await scene.ask("POST /jobs/f?require_worker&background");
  assert.equal(accepted, 202);
});

test("a server that is drained or still starting takes nothing", async () => {
  const scene = await SubmitScene.start();
  scene.server.setDraining(true);
  const { status, json, headers } = await scene.ask("POST /jobs/f?background=true");
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/draining");
  assert.equal(headers.get("retry-after"), "5");
  assert.equal((await scene.ask("POST /jobs", { body: "{}" })).status, 503);
  scene.server.setDraining(false);
  assert.equal((await scene.ask("POST /jobs/f?background=true")).status, 202);
  const store = new ReadingStore();
  const starting = await SubmitScene.start({ stillLoading: true, store });
  const call = await starting.begin("POST /jobs/f?background=true");
  starting.clock.pass(60_000);
  const early = await call.answered;
  store.finish();
  assert.equal(early.status, 503);
  assert.equal(early.json["type"], "/problems/starting");
});

test("an envelope is the same job, and is answered in kind", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const media = "application/vnd.gearman.job+json";
  const call = await scene.begin("POST /jobs/f", {
    headers: { "content-type": media, "accept": media },
    body: '{"function":"f","payload": {"n": 1.0},"priority":"high","unique":"u"}',
  });
  assert.equal(await asked(worker, "GRAB_JOB_UNIQ"), 'JOB_ASSIGN_UNIQ H:t:1|f|u|{"n": 1.0}');
  worker.send("WORK_COMPLETE", "H:t:1", "\xc3\xa4");
  const { status, json, headers } = await call.answered;
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), media);
  assert.equal(json["state"], "succeeded");
  assert.equal(json["result"], "ä");
  assert.equal(json["priority"], "high");
  assert.equal(json["attempts"], 1);
  assert.equal(json["result_bytes"], 2);
  assert.equal(typeof json["finished_at"], "string");
  for (
    const [body, pointer] of [
      ['{"function":"g"}', "/function"],
      ['{"priority":"low"', ""],
      ['{"priority":"low","retain":"5m"}', "/retain"],
      ['{"ttl":5}', "/ttl"],
    ] as const
  ) {
    const wrong = await scene.ask("POST /jobs/f", { headers: { "content-type": media }, body });
    assert.equal(wrong.status, 400, body);
    const [error] = wrong.json["errors"] as { pointer: string }[];
    assert.equal(error!.pointer, pointer, body);
  }
  const contradiction = await scene.ask("POST /jobs/f?priority=high", {
    headers: { "content-type": media },
    body: '{"priority":"low"}',
  });
  assert.equal(contradiction.status, 400);
});

test("options in headers that are not known are refused", async () => {
  const scene = await SubmitScene.start();
  for (const header of ["Gearman-Ttl", "X-Gearman-Attempts", "Gearman-Prioritty"]) {
    const { status, json } = await scene.ask("POST /jobs/f", { headers: { [header]: "1" } });
    assert.equal(status, 400, header);
    const [error] = json["errors"] as { pointer: string }[];
    assert.equal(error!.pointer, header.toLowerCase());
  }
  const handle = { "Gearman-Job-Handle": "H:t:9" };
  const { status } = await scene.ask("POST /jobs/f?background=true", { headers: handle });
  assert.equal(status, 202);
});

test("who may not submit a function is told so", async () => {
  const scene = await SubmitScene.start({ tokens: { secret: "img-*" } });
  const media = { "content-type": "application/json" };
  assert.equal(
    (await scene.ask("POST /jobs/img-a?background=true", { token: "secret" })).status,
    202,
  );
  assert.equal((await scene.ask("POST /jobs/mail", { token: "secret" })).status, 403);
  assert.equal((await scene.ask("POST /jobs/mail")).status, 401);
  const body = '{"function":"mail"}';
  const enveloped = await scene.ask("POST /jobs", { token: "secret", headers: media, body });
  assert.equal(enveloped.status, 403);
  const bulk = await scene.ask("POST /jobs", {
    token: "secret",
    headers: media,
    body: '[{"function":"mail"},{"function":"img-b"}]',
  });
  const results = bulk.json["results"] as { status: number }[];
  assert.deepEqual(results.map(({ status }) => status), [403, 202]);
  for (const [reducer, status] of [["img-sum", 202], ["mail", 403]] as const) {
    const what = `POST /jobs/img-a?background=true&reducer=${reducer}`;
    assert.equal((await scene.ask(what, { token: "secret" })).status, status, reducer);
  }
  const cron = await scene.ask("POST /jobs/img-a?cron=*+*+*+*+*", { token: "secret" });
  assert.equal(cron.status, 403, "a schedule takes the role operate");
});

test("cron makes a schedule", async () => {
  const scene = await SubmitScene.start();
  const { status, headers, json } = await scene.ask(
    "POST /jobs/f?cron=0+3+*+*+1&tz=Europe/Berlin",
    {
      body: "w",
    },
  );
  assert.equal(status, 201);
  assert.equal(headers.get("location"), `/schedules/${json["id"]}`);
  assert.equal(json["tz"], "Europe/Berlin");
  assert.equal(scene.gateway.schedules.size, 1);
  assert.equal(scene.jobs, 0);
  assert.equal((await scene.ask("POST /jobs/f?cron=often")).status, 400);
  scene.gateway.schedules.close();
});
