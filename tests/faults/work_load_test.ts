import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { GearmanClient, textCodec } from "../../src/client/mod.ts";
import {
  COGD_BINARIES,
  deadline,
  flavourMissing,
  freePort,
  type RunningCogd,
  type ServerProcess,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { POOL_WORKER, programsOf, startWork, survivors, until, zombiesOf } from "../work/mod.ts";
import { processFigures } from "./process_figures.ts";

/** Machines get busy, and thousands of programs are started here. */
const PATIENCE_MS = 240_000;

function clientOf({ port }: { readonly port: number }): GearmanClient<string> {
  return new GearmanClient({
    servers: [`127.0.0.1:${port}`],
    codec: textCodec,
    requestTimeoutMs: PATIENCE_MS,
  });
}

/** Looks at the programs of a worker until it is told to stop; answers the most at once. */
function watchPrograms(worker: ServerProcess): () => number {
  let most = 0;
  const look = () => {
    most = Math.max(most, programsOf(worker).length);
  };
  const timer = setInterval(look, 10);
  return () => {
    clearInterval(timer);
    return most;
  };
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);
  const serve = (more: object = {}): Promise<RunningCogd> =>
    startCogd({ flavour, args: ["--queue-type=memory"], ...more });

  test(`${flavour}: cogd work killed with SIGKILL under load loses no job and leaves no program`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const done = join(folder.path, "done");
    const file = join(folder.path, "work.toml");
    await writeFile(
      file,
      `servers = ["127.0.0.1:${server.port}"]
      [defaults]
      max_processes = 3
      [functions.append]
      command = "w=$(cat); sleep 0.01; [ \${#w} = $GEARMAN_WORKLOAD_BYTES ] && echo $w >> ${done}"
      shell = true
      [functions.reverse]
      command = ["perl", "${POOL_WORKER}"]
      mode = "pool"
      min_processes = 1
      `,
    );
    using client = clientOf(server);
    const jobs = Array.from({ length: 400 }, (_, at) => `job${at}`);
    await Promise.all(jobs.map((job) => client.doBackground("append", job)));
    const answers = jobs.map((job) => client.do("reverse", job).result);
    let kills = 0;
    for (let goal = 50; goal <= 250; goal += 50) {
      const worker = await startWork(flavour, ["--config", file]);
      await until(() => linesOf(done).length >= goal, "some jobs to be done", PATIENCE_MS);
      const programs = programsOf(worker);
      await worker.kill9();
      kills++;
      await until(() => survivors(programs).length === 0, "its programs to end");
    }
    const last = await startWork(flavour, ["--config", file]);
    const ended = await deadline(Promise.all(answers), PATIENCE_MS, "all answers");
    assert.deepEqual(ended, jobs.map((job) => [...job].reverse().join("")));
    await until(() => new Set(linesOf(done)).size === jobs.length, "all jobs", PATIENCE_MS);
    assert.deepEqual(await last.stop(PATIENCE_MS), { code: 0, signal: null });
    const lines = linesOf(done).length;
    // At most those that were running are done twice.
    assert.ok(lines <= jobs.length + kills * 3, `${lines} lines for ${jobs.length} jobs`);
  });

  test(`${flavour}: a flood of jobs never has more programs than are allowed`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const file = join(folder.path, "work.toml");
    await writeFile(
      file,
      `servers = ["127.0.0.1:${server.port}"]
      [functions.reverse]
      command = ["perl", "${POOL_WORKER}"]
      mode = "pool"
      max_processes = 3
      jobs_per_process = 1000
      [functions.cat]
      command = ["cat"]
      max_processes = 2
      `,
    );
    const worker = await startWork(flavour, ["--config", file]);
    using client = clientOf(server);
    const flood = (name: string, count: number) =>
      Array.from({ length: count }, (_, at) => client.do(name, `job ${at}`).result);
    await Promise.all([...flood("reverse", 100), ...flood("cat", 100)]);
    const before = await processFigures(worker.pid);
    const most = watchPrograms(worker);
    const answers = await deadline(
      Promise.all([...flood("reverse", 10_000), ...flood("cat", 1000)]),
      PATIENCE_MS,
      "all answers",
      () => worker.stderr.slice(-2000),
    );
    const highest = most();
    assert.equal(answers.length, 11_000);
    assert.ok(highest >= 2 && highest <= 5, `${highest} programs at once`);
    assert.deepEqual(zombiesOf(worker.pid), []);
    const after = await processFigures(worker.pid);
    assert.ok(
      after.descriptors <= before.descriptors + 15,
      `${before.descriptors} descriptors before, ${after.descriptors} after`,
    );
    assert.deepEqual(await worker.stop(PATIENCE_MS), { code: 0, signal: null });
  });

  test(`${flavour}: a worker without jobs outlives its server and works for the next one`, {
    skip,
  }, async () => {
    const port = await freePort();
    await using folder = await temporaryFolder();
    const started = join(folder.path, "started");
    const first = await serve({ port });
    const worker = await startWork(flavour, [
      ...["-p", `${port}`, "--function", "echo", "--command"],
      `echo $$ >> ${started}; w=$(cat); [ "$w" != stay ] || exec sleep 1000; echo $w`,
    ]);
    const running = clientOf(first);
    assert.equal(await running.do("echo", "one"), "one\n");
    const lost = assert.rejects(running.do("echo", "stay").result, { code: "CONNECTION_LOST" });
    await until(() => linesOf(started).length === 2, "the job to run");
    const programs = programsOf(worker);
    await first.kill9();
    await lost;
    running.close();
    // Nobody would get its result.
    await until(() => survivors(programs).length === 0, "the program to be stopped");
    await worker.waitForLog(/WARNING .* echo H:\S+|NOTICE .* echo H:\S+: given up/);
    await using second = await serve({ port });
    using client = clientOf(second);
    assert.equal(await client.do("echo", "two"), "two\n");
    assert.deepEqual(await worker.stop(), { code: 0, signal: null });
  });

  test(`${flavour}: reloading under load loses no job and does none twice`, { skip }, async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const done = join(folder.path, "done");
    const file = join(folder.path, "work.toml");
    const write = (round: number) =>
      writeFile(
        file,
        `servers = ["127.0.0.1:${server.port}"${round % 4 === 3 ? ', "127.0.0.1:1"' : ""}]
        [functions.append]
        command = "w=$(cat); echo $w >> ${done}; echo $w from ${round}"
        shell = true
        max_processes = ${2 + round % 2}
        [functions.both]
        ${
          round % 2 === 0
            ? `mode = "pool"\ncommand = ["perl", "${POOL_WORKER}"]`
            : 'command = ["rev"]'
        }
        max_processes = 3
        `,
      );
    await write(0);
    const worker = await startWork(flavour, ["--config", file, "--verbose=INFO"]);
    using client = clientOf(server);
    const jobs = Array.from({ length: 1000 }, (_, at) => `job${at}`);
    const most = watchPrograms(worker);
    const appended = jobs.map((job) => client.do("append", job).result);
    const reversed = jobs.map((job) => client.do("both", job).result);
    const all = Promise.all([...appended, ...reversed]);
    for (let round = 1; round <= 8; round++) {
      const seen = worker.stderr.length;
      await write(round);
      worker.signal("SIGHUP");
      await worker.waitForLog("Configuration read: changed: append, both", {
        after: seen,
        ms: PATIENCE_MS,
      });
      await until(
        () => linesOf(done).length >= Math.min(round * 100, jobs.length),
        "some more jobs",
        PATIENCE_MS,
      );
    }
    await deadline(all, PATIENCE_MS, "all answers", () => worker.stderr.slice(-2000));
    const highest = most();
    assert.ok(highest <= 6, `${highest} programs at once`);
    assert.deepEqual(linesOf(done).sort(), [...jobs].sort());
    const rounds = new Set((await Promise.all(appended)).map((text) => text.split(" ")[2]));
    assert.ok(rounds.size >= 2, `only ${rounds.size} definition did jobs`);
    const answers = (await Promise.all(reversed)).map((text) => text.trim());
    assert.deepEqual(answers, jobs.map((job) => [...job].reverse().join("")));
    assert.deepEqual(await worker.stop(PATIENCE_MS), { code: 0, signal: null });
  });
}
