import type { ByteString } from "../../src/protocol/mod.ts";
import { deadline, WireClient } from "../support/mod.ts";
import type { JobLog } from "./job_log.ts";

/** Status requests sent before their answers are read. */
const WINDOW = 500;
/** Between two looks at a server that is still busy, milliseconds. */
const LOOK_AGAIN_MS = 20;

/** Asks for the status of each job; answers which are known. */
export async function knownJobs(
  port: number,
  handles: readonly ByteString[],
): Promise<Map<ByteString, boolean>> {
  const known = new Map<ByteString, boolean>();
  await using client = await WireClient.connect(port);
  for (let at = 0; at < handles.length; at += WINDOW) {
    const some = handles.slice(at, at + WINDOW);
    for (const handle of some) client.send("GET_STATUS", { args: [handle] });
    for (const handle of some) {
      const { args } = await client.expect("STATUS_RES");
      if (args[0] !== handle) throw new Error(`asked for ${handle}, told about ${args[0]}`);
      known.set(handle, args[1] === "1");
    }
  }
  return known;
}

/** Asks for the status of each job and writes down whether it is known. */
export async function inspect(
  port: number,
  handles: readonly ByteString[],
  log: JobLog,
): Promise<void> {
  for (const [handle, known] of await knownJobs(port, handles)) {
    log.add({ kind: "status", handle, known });
  }
}

/** Jobs that the server has, queued or running, all functions together. */
export async function jobCount(client: WireClient): Promise<number> {
  client.sendText("status\n");
  const rows = await client.readListing();
  return rows.reduce((sum, row) => sum + Number(row.split("\t").at(-3)), 0);
}

/** Settles when the server has no job any more. */
export async function untilDrained(port: number, ms: number): Promise<void> {
  await using client = await WireClient.connect(port);
  let left = -1;
  const drained = (async () => {
    while ((left = await jobCount(client)) > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  })();
  await deadline(drained, ms, "the server to run out of jobs", () => `${left} are left`);
}
