import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Random, seedFrom, temporaryFolder } from "../../support/mod.ts";
import { FakeClock, openSqlite, turn } from "../../server/mod.ts";
import { FollowScene } from "./follow_scene.ts";

interface Page {
  readonly items: readonly { readonly handle: string; readonly state: string }[];
  readonly next: string | null;
}

async function page(scene: FollowScene, query: string, token?: string): Promise<Page> {
  const asked = token === undefined ? {} : { token };
  return await scene.get(`/jobs?${query}`, asked) as unknown as Page;
}

/** Numbers of the handles on all pages. */
async function numbers(scene: FollowScene, query: string, token?: string): Promise<number[]> {
  const found: number[] = [];
  let cursor = "";
  for (;;) {
    const { items, next } = await page(scene, `${query}${cursor}`, token);
    for (const { handle } of items) found.push(Number(handle.split(":")[2]));
    if (next === null) return found;
    cursor = `&cursor=${next}`;
  }
}

test("jobs in the queue and kept outcomes are one list, newest or oldest first", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  for (let at = 0; at < 7; at++) scene.background("f", `job ${at}`);
  for (let at = 1; at <= 3; at++) worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "");
  worker.send("WORK_FAIL", "H:t:1");
  scene.server.act((jobServer) => jobServer.cancel("H:t:5"));
  const newest = await page(scene, "limit=500");
  assert.deepEqual(newest.items.map(({ handle, state }) => `${handle} ${state}`), [
    "H:t:7 queued",
    "H:t:6 queued",
    "H:t:5 cancelled",
    "H:t:4 queued",
    "H:t:3 running",
    "H:t:2 succeeded",
    "H:t:1 failed",
  ]);
  assert.equal(newest.next, null);
  for (const limit of [1, 2, 3, 6, 7, 50]) {
    assert.deepEqual(await numbers(scene, `sort=oldest&limit=${limit}`), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await numbers(scene, `sort=newest&limit=${limit}`), [7, 6, 5, 4, 3, 2, 1]);
  }
});

test("each filter shows what it names and nothing else", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  const worker = scene.worker("f", "g");
  scene.background("f", "alpha", { unique: "u1" });
  scene.background("g", "beta", { priority: 0 });
  scene.clock.pass(10_000);
  scene.background("f", "alphabet", { priority: 2, notBefore: scene.clock.now() / 1000 + 60 });
  client.send("SUBMIT_JOB_BG", "g", "u1", "\xff\xfe");
  worker.send("GRAB_JOB");
  const lost = scene.worker("f");
  lost.send("GRAB_JOB");
  lost.hangUp();
  const table: readonly [query: string, expected: readonly number[]][] = [
    ["function=f", [1, 3]],
    ["function=g", [2, 4]],
    ["function=nothing", []],
    ["state=running", [2]],
    ["state=scheduled", [3]],
    ["state=retrying", [1]],
    ["state=queued", [4]],
    ["state=succeeded", []],
    ["priority=high", [2]],
    ["priority=low", [3]],
    ["unique=u1", [1, 4]],
    ["unique=u1&function=g", [4]],
    ["worker=2", [2]],
    ["worker=1", []],
    ["worker=2&function=f", []],
    ["since=2023-11-14T22:13:30Z", [3, 4]],
    ["since=2023-11-15T00:13:30%2B02:00", [3, 4]],
    ["since=2023-11-15T00:13:30+02:00", [3, 4]],
    ["until=1700000010", [1, 2]],
    ["since=1700000001&until=1700000010", []],
    ["min_attempts=1", [1, 2]],
    ["min_attempts=2", []],
    ["q=alpha", [1, 3]],
    ["q=alphab", [3]],
    ["q=%FF", [4]],
    ["q=", [1, 2, 3, 4]],
  ];
  for (const [query, expected] of table) {
    assert.deepEqual(await numbers(scene, `sort=oldest&${query}`), expected, query);
  }
  worker.send("WORK_COMPLETE", "H:t:2", "");
  assert.deepEqual(await numbers(scene, "state=succeeded"), [2]);
  assert.deepEqual(await numbers(scene, "state=succeeded&function=f"), []);
  assert.deepEqual(await numbers(scene, "priority=high&min_attempts=1"), [2]);
  assert.deepEqual(await numbers(scene, "q=beta"), [], "workloads are not kept");
  for (
    const wrong of [
      "state=dead",
      "limit=0",
      "limit=501",
      "since=yesterday",
      "since=2026-02-30T00:00:00Z",
      "since=2026-02-28T00:00:00",
      "until=2026-02-28T25:00:00Z",
      "cursor=x",
      "cursor=img_1",
      "cursor=a%20b",
      "what=1",
    ]
  ) {
    assert.equal((await scene.ask(`GET /jobs?${wrong}`)).status, 400, wrong);
  }
  const { next } = await page(scene, "sort=oldest&limit=1");
  assert.equal((await scene.ask(`GET /jobs?sort=newest&cursor=${next}`)).status, 400);
});

test("a list shows the functions that the caller may inspect", async () => {
  const scene = await FollowScene.start({ tokens: { some: ["inspect", "a*"] } });
  const worker = scene.worker("b");
  for (const name of ["a1", "b", "a2", "b", "ab"]) scene.background(name);
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "");
  worker.send("GRAB_JOB");
  assert.deepEqual(await numbers(scene, "limit=1", "some"), [5, 3, 1]);
  assert.deepEqual(await numbers(scene, "state=running", "some"), []);
  assert.equal((await scene.ask("GET /unique/x?function=b", { token: "some" })).status, 404);
});

test("paging shows every job that stays exactly once, while others come and go", async () => {
  const random = new Random(seedFrom(process.env));
  for (const sort of ["oldest", "newest"]) {
    const scene = await FollowScene.start();
    const worker = scene.worker("f");
    for (let at = 0; at < 1000; at++) scene.background("f");
    const seen = new Map<string, number>();
    const gone = new Set<string>();
    let cursor = "";
    do {
      const { items, next } = await page(scene, `sort=${sort}&limit=37${cursor}`);
      for (const { handle } of items) seen.set(handle, (seen.get(handle) ?? 0) + 1);
      cursor = next === null ? "" : `&cursor=${next}`;
      // Some end and are kept, some vanish, some come.
      for (let at = random.below(40); at > 0; at--) {
        worker.send("GRAB_JOB");
        const [job] = scene.server.jobServer.table.jobsAfter(0);
        if (job?.state === "running") worker.send("WORK_COMPLETE", job.handle, "");
      }
      for (let at = random.below(10); at > 0; at--) {
        const handle = `H:t:${random.between(1, 1000)}`;
        const job = scene.server.jobServer.table.findJob(handle);
        if (job === undefined || job.state !== "queued") continue;
        job.extras = null;
        gone.add(handle);
        scene.server.act((jobServer) => jobServer.cancel(handle));
      }
      for (let at = random.below(20); at > 0; at--) scene.background("f");
      worker.take();
      await turn();
    } while (cursor !== "");
    for (let number = 1; number <= 1000; number++) {
      const handle = `H:t:${number}`;
      const times = seen.get(handle) ?? 0;
      const label = `seed ${random.seed}, ${sort}: ${handle} came ${times} times`;
      assert.ok(times === 1 || (times === 0 && gone.has(handle)), label);
    }
  }
});

test("a page looks at so many jobs only, and says where to go on", async () => {
  const scene = await FollowScene.start();
  scene.background("needle");
  for (let at = 0; at < 25_000; at++) scene.background("hay", "x", { extras: null });
  scene.background("needle");
  const pages: Page[] = [];
  let cursor = "";
  do {
    pages.push(await page(scene, `function=needle&sort=oldest${cursor}`));
    cursor = `&cursor=${pages.at(-1)!.next}`;
  } while (pages.at(-1)!.next !== null);
  assert.deepEqual(pages.map(({ items }) => items.map(({ handle }) => handle)), [
    ["H:t:1"],
    [],
    ["H:t:25002"],
  ]);
  // What workers run is known without looking at all the others.
  const worker = scene.worker("needle");
  worker.send("GRAB_JOB");
  assert.deepEqual(await page(scene, "state=running&sort=newest").then(({ next }) => next), null);
});

test("a unique ID finds the newest job that a submission would join", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  scene.background("f", "x", { unique: "k" });
  scene.background("g", "x", { unique: "k" });
  assert.equal((await scene.get("/unique/k"))["handle"], "H:t:2");
  assert.equal((await scene.get("/unique/k?function=f"))["handle"], "H:t:1");
  worker.send("GRAB_JOB");
  assert.equal((await scene.get("/unique/k?function=f"))["state"], "running");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  const missing = await scene.ask("GET /unique/k?function=f");
  assert.deepEqual([missing.status, missing.json["type"]], [404, "/problems/job-unknown"]);
});

test("jobs of earlier lives keep their place, their outcomes and rising event ids", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const live = async (handlePrefix: string, step: (scene: FollowScene) => Promise<void>) => {
    const store = await openSqlite(folder.path);
    const scene = await FollowScene.start({ store, clock, config: { handlePrefix } });
    try {
      await step(scene);
    } finally {
      await scene.server.stop();
    }
    clock.pass(5_000);
  };
  const stored = async (scene: FollowScene) => {
    const handle = scene.background("f");
    await new Promise<void>((resolve, reject) => {
      const waiter = { jobStored: () => resolve(), jobRefused: () => reject(new Error(handle)) };
      scene.server.act((jobServer) => jobServer.awaitStore(scene.job(handle), waiter));
    });
    return handle;
  };
  const handlesIn = async (scene: FollowScene, sort: string) => {
    const { items } = await page(scene, `sort=${sort}&limit=500`);
    return items.map(({ handle, state }) => `${handle} ${state}`);
  };
  await live("H:one:", async (scene) => {
    for (let at = 0; at < 3; at++) await stored(scene);
    const worker = scene.worker("f");
    worker.send("GRAB_JOB");
    worker.send("WORK_COMPLETE", "H:one:1", "kept");
    worker.send("GRAB_JOB");
    const reader = await scene.follow("/jobs/H:one:2/events");
    assert.deepEqual(reader.names(), ["1 queued", "2 assigned"]);
  });
  await live("H:two:", async (scene) => {
    await stored(scene);
    const ended = await scene.ask("GET /jobs/H:one:1/result");
    assert.equal(ended.text, "kept");
  });
  await live("H:one:", async (scene) => {
    const handle = await stored(scene);
    const expected = [
      "H:one:1 succeeded",
      "H:one:2 queued",
      "H:one:3 queued",
      "H:two:4 queued",
      `${handle} queued`,
    ];
    assert.deepEqual(await handlesIn(scene, "oldest"), expected);
    assert.deepEqual(await handlesIn(scene, "newest"), expected.toReversed());
    for (const limit of [1, 2, 3]) {
      assert.equal((await numbers(scene, `sort=oldest&limit=${limit}`)).length, 5);
    }
    const headers = { "last-event-id": "2" };
    const reader = await scene.follow("/jobs/H:one:2/events", { headers });
    const [queued] = reader.take();
    assert.equal(queued!.name, "queued");
    assert.ok(queued!.id > 2, "a reader of the life before misses nothing");
  });
});
