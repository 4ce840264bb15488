import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp } from "../../../src/gateway/app.ts";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { schemaErrors } from "../../../src/gateway/json_schema.ts";
import { OpenCalls } from "../../../src/gateway/open_calls.ts";
import { SCHEDULE_ROUTES } from "../../../src/gateway/plan/mod.ts";
import { FunctionGlobs, TokenIdentity } from "../../../src/gateway/trust/identity.ts";
import { Trust } from "../../../src/gateway/trust/mod.ts";
import { byteStringFrom } from "../../../src/protocol/mod.ts";
import { emptyDisk } from "../../conformance/stores/mod.ts";
import { TEST_CONFIG } from "../app_scene.ts";
import { textOfResponse } from "../response_body.ts";
import { ScheduleScene } from "./schedule_scene.ts";

interface Reply {
  readonly status: number;
  readonly location: string | null;
  readonly json: Record<string, unknown>;
}

/** Asks the schedule routes of a whole gateway, without sockets. */
type Ask = (method: string, path: string, body?: unknown, token?: string) => Promise<Reply>;

function asking(scene: ScheduleScene, trust = new Trust({ tokens: null, hostNames: null })): Ask {
  const parts: Partial<Gateway> = {
    config: TEST_CONFIG,
    server: scene.server,
    schedules: scene.schedules,
    now: scene.clock.now,
    log: () => {},
  };
  const handle = createApp({
    gateway: parts as Gateway,
    trust,
    routes: SCHEDULE_ROUTES,
    openCalls: new OpenCalls(),
    observe: () => {},
  });
  return async (method, path, body, token) => {
    const bytes = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
    const headers: Record<string, string> = { host: "localhost" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    const response = await handle(
      new Request(`http://localhost${path}`, { method, headers }),
      {
        remoteAddress: "127.0.0.1",
        remotePort: 50_000,
        signal: new AbortController().signal,
        body: () => Promise.resolve(bytes),
        async *bodyPieces() {
          yield await Promise.resolve(bytes);
        },
      },
    );
    const text = await textOfResponse(response);
    const route = SCHEDULE_ROUTES.find(({ method: own, path: template }) =>
      own === method &&
      new RegExp(`^${template.replace("{id}", "[^/]+")}$`).test(path.split("?")[0]!)
    );
    const json = text === "" ? {} : JSON.parse(text) as Record<string, unknown>;
    const answer = route!.answers.find(({ status }) => status === response.status);
    const schema = answer?.content?.["application/json"]?.schema;
    if (schema) assert.deepEqual(schemaErrors(schema, json), []);
    assert.ok(
      answer !== undefined || response.status >= 400,
      `${response.status} is not described`,
    );
    return { status: response.status, location: response.headers.get("location"), json };
  };
}

async function start(): Promise<{ scene: ScheduleScene; ask: Ask }> {
  const scene = await ScheduleScene.start({ at: "2026-11-23T12:00:00Z", disk: emptyDisk() });
  return { scene, ask: asking(scene) };
}

test("a schedule is made, shown, changed, paused, run and deleted", async () => {
  const { scene, ask } = await start();
  const made = await ask("POST", "/schedules", {
    function: "weekly report",
    cron: "0 3 * * 1",
    tz: "Europe/Berlin",
    priority: "low",
    overlap: "skip",
    payload_text: "grüße",
  });
  assert.equal(made.status, 201);
  const id = String(made.json["id"]);
  assert.equal(made.location, `/schedules/${id}`);
  assert.deepEqual({ ...made.json, id: "", next_runs: [] }, {
    id: "",
    function: "weekly report",
    cron: "0 3 * * 1",
    tz: "Europe/Berlin",
    overlap: "skip",
    missed: "run-once",
    paused: false,
    unique: "",
    priority: "low",
    reducer: null,
    payload_bytes: 7,
    payload_text: "grüße",
    created_at: "2026-11-23T12:00:00.000Z",
    changed_at: "2026-11-23T12:00:00.000Z",
    next_runs: [],
    last_run: null,
  });
  assert.deepEqual((made.json["next_runs"] as string[]).slice(0, 2), [
    "2026-11-30T02:00:00.000Z",
    "2026-12-07T02:00:00.000Z",
  ]);
  assert.deepEqual((await ask("GET", `/schedules/${id}`)).json, made.json);
  const changed = await ask("PATCH", `/schedules/${id}`, { cron: "30 4 * * *", tz: null });
  assert.equal(changed.status, 200);
  assert.deepEqual([changed.json["cron"], changed.json["tz"]], ["30 4 * * *", "UTC"]);
  assert.equal((changed.json["next_runs"] as string[])[0], "2026-11-24T04:30:00.000Z");
  assert.deepEqual((await ask("POST", `/schedules/${id}/pause`)).json["next_runs"], []);
  const run = await ask("POST", `/schedules/${id}/run`);
  assert.deepEqual([run.status, run.location, run.json["state"], run.json["function"]], [
    202,
    "/jobs/H:t:1",
    "queued",
    "weekly report",
  ]);
  const resumed = await ask("POST", `/schedules/${id}/resume`);
  assert.deepEqual(resumed.json["last_run"], {
    due_at: null,
    at: "2026-11-23T12:00:00.000Z",
    handle: "H:t:1",
  });
  assert.equal((await ask("DELETE", `/schedules/${id}`)).status, 204);
  for (
    const [method, path, body] of [
      ["GET", ""],
      ["PATCH", "", { paused: true }],
      ["DELETE", ""],
      ["POST", "/run"],
      ["POST", "/pause"],
      ["POST", "/resume"],
    ] as const
  ) {
    const gone = await ask(method, `/schedules/${id}${path}`, body);
    assert.equal(gone.status, 404);
    assert.match(String(gone.json["type"]), /schedule-unknown$/);
  }
  await scene.stop();
});

test("a payload comes as JSON, text or base64, and is shown as text where it is text", async () => {
  const { scene, ask } = await start();
  for (
    const [member, bytes, shown] of [
      [{ payload: { a: [1, "é"] } }, '{"a":[1,"\xc3\xa9"]}', { payload_text: '{"a":[1,"é"]}' }],
      [{ payload_text: "\ufeffx\n" }, "\xef\xbb\xbfx\n", { payload_text: "\ufeffx\n" }],
      [{ payload_base64: "AP8K/w==" }, "\x00\xff\n\xff", { payload_base64: "AP8K/w==" }],
      [{ payload_base64: "AP8K_w" }, "\x00\xff\n\xff", { payload_base64: "AP8K/w==" }],
      [{}, "", { payload_text: "" }],
    ] as const
  ) {
    const { json } = await ask("POST", "/schedules", {
      function: "f",
      cron: "* * * * *",
      ...member,
    });
    const schedule = scene.schedules.find(String(json["id"]))!;
    assert.equal(byteStringFrom(schedule.definition.payload), bytes);
    const { payload_text, payload_base64 } = json;
    assert.deepEqual(
      { payload_text, payload_base64 },
      { payload_text: undefined, payload_base64: undefined, ...shown },
    );
  }
  await scene.stop();
});

test("what is wrong with a body is named", async () => {
  const { scene, ask } = await start();
  const good = { function: "f", cron: "* * * * *" };
  const { json } = await ask("POST", "/schedules", good);
  for (
    const [body, pointer] of [
      [{ cron: "* * * * *" }, ""],
      [{ ...good, cron: "* * * *" }, "cron"],
      [{ ...good, cron: "0 0 30 2 *" }, "cron"],
      [{ ...good, tz: "Nowhere" }, "tz"],
      [{ ...good, overlap: "sometimes" }, "/overlap"],
      [{ ...good, function: "" }, "/function"],
      [{ ...good, function: "é".repeat(300) }, "/function"],
      [{ ...good, unique: "é".repeat(33) }, "/unique"],
      [{ ...good, reducer: "a\0b" }, "/reducer"],
      [{ ...good, payload_text: "a", payload_base64: "" }, "/payload_base64"],
      [{ ...good, payload_base64: "abcde" }, "/payload_base64"],
      [{ ...good, function: "a\udc00" }, "/function"],
      [{ ...good, payload_text: "a\udc00" }, "/payload_text"],
      [{ ...good, payload_base64: "H:vm:1" }, "/payload_base64"],
      [{ ...good, backfill: true }, ""],
    ] as const
  ) {
    const refused = await ask("POST", "/schedules", body);
    assert.equal(refused.status, 400, JSON.stringify(body));
    const [error] = refused.json["errors"] as { pointer: string }[];
    if (pointer !== "") assert.equal(error!.pointer, pointer, JSON.stringify(body));
  }
  assert.equal((await ask("PATCH", `/schedules/${json["id"]}`, {})).status, 400);
  assert.equal((await ask("PATCH", `/schedules/${json["id"]}`, { function: null })).status, 400);
  assert.equal(scene.schedules.size, 1);
  await scene.stop();
});

test("the list comes in pages that stay right when schedules go", async () => {
  const { scene, ask } = await start();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const body = { function: i === 3 ? "g" : "f", cron: "0 0 1 1 *" };
    ids.push(String((await ask("POST", "/schedules", body)).json["id"]));
    scene.clock.pass(1);
  }
  const list = async (query: string) => {
    const { json } = await ask("GET", `/schedules?${query}`);
    const items = json["items"] as { id: string; payload_text?: string }[];
    assert.ok(items.every((item) => item.payload_text === undefined));
    return { ids: items.map(({ id }) => id), next: json["next"] as string | null };
  };
  assert.deepEqual(await list(""), { ids, next: null });
  assert.deepEqual((await list("function=g")).ids, [ids[3]]);
  const first = await list("limit=2");
  assert.deepEqual(first.ids, ids.slice(0, 2));
  await ask("DELETE", `/schedules/${ids[1]}`);
  const second = await list(`limit=2&cursor=${first.next}`);
  assert.deepEqual(second.ids, ids.slice(2, 4));
  assert.deepEqual(await list(`limit=2&cursor=${second.next}`), { ids: [ids[4]], next: null });
  await scene.stop();
});

test("a run is refused as a submission would be", async () => {
  const { scene, ask } = await start();
  const { json } = await ask("POST", "/schedules", { function: "f", cron: "0 0 1 1 *" });
  const run = () => ask("POST", `/schedules/${json["id"]}/run`);
  scene.server.act((jobServer) => {
    jobServer.createFunction("f");
    jobServer.setQueueLimits("f", [1, 1, 1]);
  });
  assert.equal((await run()).status, 202);
  const full = await run();
  assert.deepEqual([full.status, full.json["function"]], [503, "f"]);
  assert.match(String(full.json["type"]), /queue-full$/);
  scene.server.setDraining(true);
  assert.match(String((await run()).json["type"]), /draining$/);
  await scene.stop();
});

test("a token sees and changes the schedules of its functions only", async () => {
  const scene = await ScheduleScene.start({ at: "2026-11-23T12:00:00Z" });
  const identities: Readonly<Record<string, TokenIdentity>> = {
    operator: new TokenIdentity("operator", ["operate"], new FunctionGlobs(["mine-*"])),
    reader: new TokenIdentity("reader", ["inspect"], new FunctionGlobs(["*"])),
  };
  const tokens = { find: (token: string) => identities[token] ?? "unknown" as const };
  const ask = asking(scene, new Trust({ tokens, hostNames: null }));
  const asOperator: Ask = (method, path, body) => ask(method, path, body, "operator");
  const asReader: Ask = (method, path, body) => ask(method, path, body, "reader");
  const body = { function: "mine-1", cron: "0 0 1 1 *" };
  const mine = await asOperator("POST", "/schedules", body);
  assert.equal(mine.status, 201);
  assert.equal(
    (await asOperator("POST", "/schedules", { ...body, function: "other" })).status,
    403,
  );
  const reducing = { ...body, reducer: "other" };
  assert.equal((await asOperator("POST", "/schedules", reducing)).status, 403);
  assert.equal((await asReader("POST", "/schedules", body)).status, 403);
  assert.equal((await ask("POST", "/schedules", body)).status, 401);
  const own = `/schedules/${mine.json["id"]}`;
  assert.equal((await asOperator("PATCH", own, { function: "other" })).status, 403);
  assert.equal((await asOperator("PATCH", own, { reducer: "other" })).status, 403);
  assert.equal((await asReader("GET", own)).status, 200);
  assert.equal((await asReader("DELETE", own)).status, 403);
  const { id } = await scene.schedules.create({
    ...scene.schedules.find(String(mine.json["id"]))!.definition,
    functionName: "other",
  });
  for (const [method, path] of [["GET", ""], ["DELETE", ""], ["POST", "/run"]] as const) {
    assert.equal((await asOperator(method, `/schedules/${id}${path}`)).status, 403);
  }
  const listed = (await asOperator("GET", "/schedules")).json["items"] as { function: string }[];
  assert.deepEqual(listed.map((item) => item.function), ["mine-1"]);
  assert.equal(((await asReader("GET", "/schedules")).json["items"] as unknown[]).length, 2);
  await scene.stop();
});

test("each route's examples fit their schemas", () => {
  for (const { body, answers, operation } of SCHEDULE_ROUTES) {
    for (const content of [body?.content, ...answers.map((answer) => answer.content)]) {
      for (const { schema, example } of Object.values(content ?? {})) {
        assert.deepEqual(schemaErrors(schema!, example), [], operation);
      }
    }
  }
});
