import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  ServerProcess,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { comparisonMissing, oncePerServer, outputOf, testdata } from "./servers.ts";

/** Debian's PHP with libgearman, against both executables and C gearmand. */

const SCRIPTS = ["client_calls", "client_tasks", "worker_calls", "error_codes"] as const;
type Script = (typeof SCRIPTS)[number] | "exceptions";

const script = (name: string) => testdata(`php/${name}.php`);

/** What the scripts print, one after the other, with one worker process that serves them. */
const transcripts = oncePerServer(async ({ port }, name) => {
  await using folder = await temporaryFolder();
  const worker = await startWorker("functions_worker", port);
  try {
    const printed = new Map<Script, string>();
    for (const each of SCRIPTS) {
      const file = join(folder.path, each);
      printed.set(each, await outputOf("php", [script(each), String(port), file]));
    }
    // With C gearmand libgearman waits for ever here.
    if (name !== "gearmand") {
      printed.set("exceptions", await outputOf("php", [script("exceptions"), String(port)]));
    }
    return printed;
  } finally {
    await worker.stop();
  }
});

async function startWorker(name: string, ...ports: readonly number[]): Promise<ServerProcess> {
  const worker = await ServerProcess.start("php", [script(name), ...ports.map(String)]);
  await worker.waitForLog("ready");
  return worker;
}

/** Every line must be in the transcript, in this order. */
function assertSays(transcript: string, lines: readonly string[]): void {
  let rest = transcript.split("\n");
  for (const line of lines) {
    const at = rest.indexOf(line);
    assert.ok(at >= 0, `"${line}" is not there (or not in its place) in:\n${transcript}`);
    rest = rest.slice(at + 1);
  }
}

for (const flavour of COGD_BINARIES) {
  const skip = comparisonMissing(flavour, "php");

  for (const name of SCRIPTS) {
    test(`${flavour}: PHP's ${name} goes as with C gearmand`, { skip }, async () => {
      const reference = (await transcripts("gearmand")).get(name);
      assert.equal((await transcripts(flavour)).get(name), reference);
    });
  }

  test(`${flavour}: PHP submits in every way and asks for the status`, { skip }, async () => {
    assertSays((await transcripts(flavour)).get("client_calls")!, [
      'doNormal: "!olleH" 0',
      'doHigh: "!olleH" 0',
      'doLow: "!olleH" 0',
      'data is joined: "abcend" 0',
      'progress: "a partall of x" 0',
      'sendComplete: "completed by hand" 0',
      'sendFail: "" true',
      'setReturn: "" true',
      'exception: "" true',
      'job: "handle" {"unique":"the unique id","function":"details",' +
      '"workload":"the workload","size":12,"code":0}',
      "ping: true 0",
      'doBackground: "handle" 0',
      "jobStatus, running: [true,true,3,7] 0",
      "jobStatusByUniqueKey: [true,true,3,7] 0",
      'doHighBackground: "handle" 0 [true,false,0,0]',
      "doLowBackground, same unique id: true",
      "unknown handle: [false,false,0,0] 0",
      "joined: true 0",
      "jobStatus, done: [false,false,0,0] 0",
    ]);
  });

  test(`${flavour}: PHP's task callbacks get all that a worker reports`, { skip }, async () => {
    assertSays((await transcripts(flavour)).get("client_tasks")!, [
      "== three priorities",
      "runTasks: true 0",
      '1 addTask created: "handle"',
      "1 addTask status: [0,2]",
      '1 addTask warning: "half way"',
      "1 addTask status: [1,2]",
      '1 addTask data: "a part"',
      "1 addTask status: [2,2]",
      '1 addTask complete: "all of addTask"',
      '2 addTaskLow reversed complete: "woLksaTdda"',
      "== background",
      'addTaskHighBackground created: "handle"',
      "== failure",
      'a fails data: "before the failure"',
      "a fails fail: 0",
      "== exception",
      'a raises exception: "it went wrong: x"',
      "== a thousand tasks",
      "their sum: 500500",
      "== addTaskStatus, known",
      "known status: [true,false,0,0]",
      "unknown status: [false,false,0,0]",
    ]);
  });

  test(`${flavour}: PHP's worker registers, times out, gives back, and gets high before low`, {
    skip,
  }, async () => {
    const said = (await transcripts(flavour)).get("worker_calls")!;
    assertSays(said, [
      'after unregister: ["w_first\\t0\\t0\\t0","w_fourth\\t0\\t0\\t0",' +
      '"w_second\\t0\\t0\\t1","w_third\\t0\\t0\\t1"] ["worker-calls : w_second w_third"]',
      "idle: false 47",
      "work: true 0",
      'the first worker has it: "u-slow"',
      'the second worker has it: "u-slow"',
      "done by the second: true",
      "status: [true,true,1,2]",
      "given back: [true,false,0,0]",
      'grabbed again: "u-leaves" "handle" true',
      "completed: true",
    ]);
    const order = [...said.matchAll(/^order: "(.*?)" /gm)].map((match) => match[1]);
    assert.deepEqual(order, ["high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"]);
  });

  test(`${flavour}: PHP gets libgearman's error codes`, { skip }, async () => {
    assertSays((await transcripts(flavour)).get("error_codes")!, [
      "unique ID of 64: true 0",
      'nobody works: "" 47',
      'second: "" 42',
      "task of a full queue: false 42",
      'call: "" 26',
      "second server: true 0",
    ]);
  });

  test(`${flavour}: a PHP client without exceptions sees a failure at once`, { skip }, async () => {
    assertSays((await transcripts(flavour)).get("exceptions")!, [
      'no exceptions: "" true',
      'fail callback: "raises"',
      "runTasks: true",
      "enable: true",
      'exceptions: "" true',
      'exception callback: "it went wrong: x"',
      "runTasks: true",
    ]);
  });
}

test("PHP's client and worker use both executables as their servers", {
  skip: flavourMissing("deno-binary") || flavourMissing("bun-binary") || programMissing("php"),
}, async () => {
  await using first = await startCogd({ flavour: "deno-binary" });
  await using second = await startCogd({ flavour: "bun-binary" });
  const worker = await startWorker("functions_worker", first.port, second.port);
  const ports = [String(first.port), String(second.port)];
  try {
    const results = Array.from({ length: 20 }, (_, at) => [...String(at + 10)].reverse().join(""));
    assertSays(await outputOf("php", [script("servers"), ...ports]), [
      'foreground: "ba" 0',
      "tasks: true 0",
      `results: "${results.sort().join(" ")}"`,
      "in the background: 0",
      "in the background: 0",
      "addServers: true",
      'result: "dc" 0',
    ]);
  } finally {
    await worker.stop();
  }
});
