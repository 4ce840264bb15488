import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamFault } from "../faults/mod.ts";
import { DeadlineError, startCogd } from "../support/mod.ts";
import { runCampaign } from "./campaign.ts";
import { cleanUp } from "./cleanup.ts";
import { type ProxyFault, startFaultyProxy } from "./faulty_proxy.ts";
import { Violation } from "./violation.ts";

/** A short campaign against a sound server behind a proxy that is not. */
async function campaignThrough(fault: ProxyFault): Promise<number> {
  const server = await startCogd({
    args: ["--queue-type=builtin", "--job-handle-prefix=F:fuzz", "--backlog=1024"],
  });
  const proxy = await startFaultyProxy(server.port, fault);
  // Impatience finds faults sooner, and must not find one where there is none.
  const patience = fault === "none" ? {} : { answerMs: 1500 };
  try {
    await runCampaign({
      port: proxy.port,
      pid: server.pid,
      seed: 1,
      packets: 3000,
      wild: fault === "none" ? 4 : 0,
      ...patience,
    });
    await cleanUp(server.port, server.pid, patience);
    return proxy.times;
  } finally {
    await proxy.close();
    await server.kill9();
  }
}

test("the fuzzer has nothing to say about a sound server behind a sound proxy", async () => {
  assert.equal(await campaignThrough("none"), 0);
});

const FAULTS: readonly ProxyFault[] = [
  "swap",
  "leak",
  "cross",
  "drop",
  "repeat",
  "cut",
  "stall",
  "hold",
];

for (const fault of FAULTS) {
  test(`the fuzzer finds a proxy with the fault '${fault}'`, async () => {
    await assert.rejects(campaignThrough(fault), isFinding);
  });
}

/** Whether the fuzzer found something, and did not fail itself. */
function isFinding(error: unknown): boolean {
  const found = error instanceof Error ? error.cause ?? error : error;
  return found instanceof Violation || found instanceof StreamFault ||
    found instanceof DeadlineError || found instanceof assert.AssertionError ||
    /connection ended/.test(String(found));
}
