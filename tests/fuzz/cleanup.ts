import { type ByteString, encodeText } from "../../src/protocol/mod.ts";
import { type ProcessFigures, processFigures } from "../faults/mod.ts";
import { deadline, WireClient } from "../support/mod.ts";
import { quoted } from "./registry.ts";
import { ANSWER_MS } from "./sound_peer.ts";
import { Violation } from "./violation.ts";

interface FunctionRow {
  readonly name: ByteString;
  readonly total: number;
  readonly running: number;
  readonly workers: number;
}

/**
 * Does every job that is left, drops every function that can be dropped, and requires that nothing
 * else remains: no connection but the own one, no job, no descriptor beyond `descriptors` (where
 * given). All other connections must have been closed; the server may take `answerMs` to notice. Answers
 * its figures then.
 */
export async function cleanUp(
  port: number,
  pid: number,
  { descriptors = Infinity, answerMs = ANSWER_MS }: {
    readonly descriptors?: number | undefined;
    readonly answerMs?: number | undefined;
  } = {},
): Promise<ProcessFigures> {
  await using admin = await WireClient.connect(port);
  await until("all connections to be gone", answerMs, async () => {
    // A peer that half-closed and then left is known to be gone when its result can't be sent.
    await doAllJobs(port, admin);
    const workers = await list(admin, "workers");
    return workers.split("\n").length === 3 ? undefined : workers.slice(0, 500);
  });
  const kept = new Set<ByteString>();
  for (const { name } of await functions(admin)) {
    if (!isDroppable(name)) continue;
    admin.sendBytes(encodeText(`drop function ${name}\n`));
    const reply = await admin.readLine();
    // A name with a NUL, which only CAN_DO can make, is listed up to there and cannot be said.
    if (reply === "ERR function not found\r\n") kept.add(name);
    else if (reply !== "OK\r\n") throw new Violation(`drop function ${quoted(name)}: ${reply}`);
  }
  const left = (await functions(admin)).filter(({ name, total, running, workers }) =>
    (isDroppable(name) && !kept.has(name)) || total + running + workers > 0
  );
  if (left.length > 0) throw new Violation(`functions are left: ${JSON.stringify(left)}`);
  const jobs = await list(admin, "show jobs");
  if (jobs !== ".\n") throw new Violation(`jobs are left: ${jobs.slice(0, 500)}`);
  await until("all descriptors to be closed", answerMs, async () => {
    const { descriptors: now } = await processFigures(pid);
    return now <= descriptors ? undefined : `there are ${now}, at most ${descriptors} may be`;
  });
  return await processFigures(pid);
}

async function doAllJobs(port: number, admin: WireClient): Promise<void> {
  await using worker = await WireClient.connect(port);
  for (const { name, total } of await functions(admin)) {
    if (total === 0) continue;
    worker.send("CAN_DO", { args: [name] });
    for (;;) {
      worker.send("GRAB_JOB");
      const packet = await worker.readPacket();
      if (packet.name === "NO_JOB") break;
      worker.send("WORK_COMPLETE", { args: [packet.args[0]!], data: "" });
    }
    worker.send("CANT_DO", { args: [name] });
  }
  await worker.expectSilence();
  await worker.close();
}

/** Words of a line end at spaces, and a line has an end of its own. */
function isDroppable(name: ByteString): boolean {
  return !/[ \0\n]|\r$/.test(name) && name.length < 8000;
}

async function functions(admin: WireClient): Promise<FunctionRow[]> {
  const text = await list(admin, "status");
  // Names may hold anything, TAB and LF included: a row ends where three numbers do.
  return [...text.matchAll(/([\s\S]*?)\t(\d+)\t(\d+)\t(\d+)\n/g)].map((row) => ({
    name: row[1]!,
    total: Number(row[2]),
    running: Number(row[3]),
    workers: Number(row[4]),
  }));
}

/** A list's whole text. Nothing in this server holds a full stop, so that the first one ends it. */
async function list(admin: WireClient, command: string): Promise<ByteString> {
  admin.sendText(`${command}\n`);
  return await admin.readThrough(".\n");
}

/** Looks until nothing is left; `look` answers what is. */
async function until(
  what: string,
  ms: number,
  look: () => Promise<string | undefined>,
): Promise<void> {
  let left: string | undefined = "";
  const done = (async () => {
    while ((left = await look()) !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await deadline(done, ms, what, () => left ?? "");
}
