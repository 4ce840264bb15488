import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setOpenFilesLimit } from "../../src/runtime/mod.ts";
import { processFigures } from "../faults/mod.ts";
import {
  COGD_BINARIES,
  deadline,
  flavourMissing,
  type RunningCogd,
  startCogd,
} from "../support/mod.ts";
import { ask, JobWorker } from "./http_caller.ts";

/** Ten thousand streams of events at once, each of a job of its own. */

/** Descriptors that either side has beside the streams. */
const OTHER_DESCRIPTORS = 500;
/** Ten thousand; where the system does not allow so many descriptors, what an ordinary limit has room for. */
const STREAMS = allowed(10_000) ? 10_000 : 500;
/** What docs/http.md states for each stream of very many. */
const BYTES_PER_STREAM = 25_000;
/** What the first requests cost a process once, whatever their number: code, buffers, garbage. */
const BYTES_ONCE = 40_000_000;
/** Connections that are being opened at once: fewer than a listener's backlog. */
const OPENING = 200;
const LIMIT_MS = 120_000;

/** Raises this process's limit for so many streams. */
function allowed(streams: number): boolean {
  return setOpenFilesLimit(BigInt(streams + OTHER_DESCRIPTORS));
}

/** A stream of events, as far as it has come. */
class EventStream {
  readonly #socket: Socket;
  readonly #open: Promise<void>;
  readonly #whole: Promise<void>;
  /** What came last: the end of the stream stands there. */
  end = "";

  constructor({ httpPort }: RunningCogd, handle: string) {
    this.#socket = connect(httpPort, "127.0.0.1");
    this.#socket.write(
      `GET /jobs/${handle}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    let text = "";
    const opened = Promise.withResolvers<void>();
    this.#open = opened.promise;
    this.#whole = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      this.end = text.slice(-200);
      if (text.includes("\nevent: queued\n")) opened.resolve();
    });
    // That it broke shows as an event that never comes.
    this.#socket.on("error", () => {});
  }

  /** Settles with the first event. */
  get open(): Promise<void> {
    return this.#open;
  }

  /** Settles when the server has ended it. */
  get whole(): Promise<void> {
    return this.#whole;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Handles of so many jobs. */
async function jobsIn({ url }: RunningCogd, count: number): Promise<string[]> {
  const body = '{"function":"f","payload_text":"x"}\n'.repeat(count);
  const headers = { "content-type": "application/x-ndjson" };
  const { text } = await ask(url, "POST /jobs", { body, headers });
  return text.trim().split("\n").map((answer) => (JSON.parse(answer) as { handle: string }).handle);
}

for (const flavour of COGD_BINARIES) {
  test(`${flavour}: ${STREAMS} streams get their events, within the memory that is stated`, {
    skip: flavourMissing(flavour),
  }, async () => {
    // An earlier test may have set another limit.
    assert.ok(allowed(STREAMS));
    const limit = `--file-descriptors=${STREAMS + OTHER_DESCRIPTORS}`;
    const args = ["--queue-type=memory", limit];
    await using cogd = await startCogd({ flavour, http: true, args });
    const handles = await jobsIn(cogd, STREAMS);
    assert.equal(new Set(handles).size, STREAMS);
    const before = await processFigures(cogd.pid);
    const streams: EventStream[] = [];
    try {
      for (let at = 0; at < STREAMS; at += OPENING) {
        const some = handles.slice(at, at + OPENING).map((handle) => new EventStream(cogd, handle));
        streams.push(...some);
        const all = Promise.all(some.map(({ open }) => open));
        await deadline(all, LIMIT_MS, `the first event in the streams from ${at} on`);
      }
      const { memory, descriptors } = await processFigures(cogd.pid);
      const grown = memory - before.memory;
      assert.ok(descriptors > STREAMS, `only ${descriptors} descriptors are open`);
      assert.ok(grown < BYTES_ONCE + STREAMS * BYTES_PER_STREAM, `it has ${grown} bytes more`);

      await using worker = await JobWorker.connect(cogd, "f");
      await worker.doAll(STREAMS, ({ handle }) => `done ${handle}`);
      const whole = Promise.all(streams.map(({ whole }) => whole));
      await deadline(whole, LIMIT_MS, "the end of all streams");
      for (const [at, { end }] of streams.entries()) {
        assert.ok(end.includes("\nevent: complete\n"), end);
        assert.ok(end.includes(`"data":"done ${handles[at]}"`), end);
      }
    } finally {
      for (const stream of streams) stream.destroy();
    }
  });
}
