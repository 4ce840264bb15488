import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { COGD_BINARIES, ServerProcess, temporaryFolder } from "../support/mod.ts";
import { comparisonMissing, oncePerServer, outputOf, testdata } from "./servers.ts";

/** Debian's Gearman::Client and Gearman::Worker, against both executables and C gearmand. */

const script = (name: string) => testdata(`perl/${name}.pl`);

interface Said {
  readonly calls: string;
  readonly exceptions: string;
  readonly emptyResults: string;
  /** What the worker process wrote on standard error. */
  readonly worker: string;
}

const transcripts = oncePerServer(async ({ port }, name): Promise<Said> => {
  await using folder = await temporaryFolder();
  const worker = await ServerProcess.start("perl", [script("functions_worker"), String(port)]);
  await worker.waitForLog("ready");
  const say = (client: string, ...args: string[]) =>
    outputOf("perl", [script(client), String(port), ...args]);
  const printed = { calls: "", exceptions: "", emptyResults: "" };
  try {
    printed.calls = await say("client_calls", join(folder.path, "mark"));
    // With C gearmand one script ends in the middle and the other waits for its time-outs.
    if (name !== "gearmand") {
      printed.exceptions = await say("exceptions");
      printed.emptyResults = await say("empty_results");
    }
  } finally {
    await worker.stop();
  }
  // All of it is there only when it has ended.
  return { ...printed, worker: worker.stderr };
});

for (const flavour of COGD_BINARIES) {
  const skip = comparisonMissing(flavour, "perl");

  test(`${flavour}: Perl's client and worker work as with C gearmand`, { skip }, async () => {
    assert.equal((await transcripts(flavour)).calls, (await transcripts("gearmand")).calls);
  });

  test(
    `${flavour}: Perl's client gets results, statuses, data and failures`,
    { skip },
    async () => {
      const lines = (await transcripts(flavour)).calls.split("\n");
      const expected = [
        "do_task: !olleH",
        "no argument: 0 bytes",
        "high priority: hgih",
        "low priority: wol",
        "bytes: equal",
        "large: equal",
        "undefined result: (undef)",
        "progress status: 1 2",
        "pieces data: c",
        "pieces warning: that was all",
        "pieces complete: end",
        "nothing fail: 1",
        "set progress: status 0 2, status 1 2, status 2 2, complete done",
        "set sized: complete 9 bytes",
        "five hundred tasks: 500 125250",
        "shared: shared shared",
        "dash: handle equal",
        "background: handle 1 0 (undef)",
        "unknown: 0 0",
        "finished: 0",
        "once more: second attempt",
        "status: nobody=4/0/0",
        "prefix: prefix",
      ];
      for (const line of expected) {
        assert.ok(lines.includes(line), `${line} in ${lines.join("\n")}`);
      }
    },
  );

  test(`${flavour}: a Perl function that dies is an exception or a failure`, { skip }, async () => {
    const { exceptions, worker } = await transcripts(flavour);
    assert.equal(
      exceptions,
      "with exceptions\nexception\nafterwards: alive\nwithout\nfail\nafterwards: alive\n",
    );
    assert.match(worker, /Job 'dies' died: died of boredom/);
    assert.doesNotMatch(worker, /INVALID_PACKET/);
  });

  test(`${flavour}: Perl's empty results arrive`, { skip }, async () => {
    assert.equal((await transcripts(flavour)).emptyResults, "empty: ''\nzero: ''\n");
  });
}
