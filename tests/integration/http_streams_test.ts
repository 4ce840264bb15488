import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import {
  COGD_BINARIES,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  type RunningCogd,
  startCogd,
} from "../support/mod.ts";
import { ask, JobWorker } from "./http_caller.ts";

/** Many streams of events at once. Ten thousand are measured by the benchmark `http-streams`. */

const STREAMS = 1000;
/** What docs/http.md states for each stream of very many. */
const BYTES_PER_STREAM = 25_000;
/** What the first requests cost a process once, whatever their number: code, buffers, garbage. */
const BYTES_ONCE = 40_000_000;

function residentBytes({ pid }: RunningCogd): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Number(kibibytes) * 1024;
}

/** A stream of events, as far as it has come. */
class EventStream {
  readonly socket: Socket;
  text = "";
  #look = () => {};

  constructor({ httpPort }: RunningCogd, handle: string) {
    this.socket = connect(httpPort, "127.0.0.1");
    this.socket.write(`GET /jobs/${handle}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    this.socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.#look();
    });
    // That it broke shows as an event that never comes.
    this.socket.on("error", () => {});
  }

  async seen(event: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = () => this.text.includes(`\nevent: ${event}\n`) && resolve();
      this.#look();
    });
  }
}

async function allSeen(streams: readonly EventStream[], event: string): Promise<void> {
  const all = Promise.all(streams.map((stream) => stream.seen(event)));
  await deadline(all, PATIENCE_MS, `${event} in ${streams.length} streams`);
}

for (const flavour of COGD_BINARIES) {
  test(`${flavour}: ${STREAMS} streams get their events, within the memory that is stated`, {
    skip: flavourMissing(flavour),
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true, args: ["--queue-type=memory"] });
    const line = '{"function":"f","payload_text":"x"}\n';
    const headers = { "content-type": "application/x-ndjson" };
    const { text } = await ask(cogd.url, "POST /jobs", { body: line.repeat(STREAMS), headers });
    const handles = text.trim().split("\n").map((answer) =>
      (JSON.parse(answer) as { handle: string }).handle
    );
    assert.equal(new Set(handles).size, STREAMS);
    const before = residentBytes(cogd);

    const streams = handles.map((handle) => new EventStream(cogd, handle));
    await allSeen(streams, "queued");
    const grown = residentBytes(cogd) - before;
    assert.ok(grown < BYTES_ONCE + STREAMS * BYTES_PER_STREAM, `it has ${grown} bytes more`);

    await using worker = await JobWorker.connect(cogd, "f");
    for (let i = 0; i < STREAMS; i++) {
      const job = await worker.next();
      worker.complete(job, `done ${job.handle}`);
    }
    await allSeen(streams, "complete");
    for (const [at, stream] of streams.entries()) {
      assert.ok(stream.text.includes(`"data":"done ${handles[at]}"`), stream.text);
      stream.socket.destroy();
    }
  });
}
