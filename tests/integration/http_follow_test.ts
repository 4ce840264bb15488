import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COGD_FLAVOURS,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  programMissing,
  type RunningCogd,
  runProgram,
  startCogd,
  type StartCogdOptions,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { until } from "./servers.ts";

/** Jobs of a real server, followed over HTTP while workers of both kinds do them. */

type Json = Record<string, unknown>;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Json;
}

async function ask(cogd: RunningCogd, what: string, body?: unknown): Promise<Answer> {
  const [method, path] = what.split(" ") as [string, string];
  const response = await fetch(`${cogd.url}${path}`, {
    method,
    ...(body === undefined ? {} : {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: {
        "content-type": typeof body === "string" ? "text/plain" : "application/json",
      },
    }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, text, json: isJson ? JSON.parse(text) : {} };
}

/** Starts cogd with HTTP and waits until it has taken up the jobs of its store. */
async function startServing(options: StartCogdOptions): Promise<RunningCogd> {
  const cogd = await startCogd({ http: true, ...options });
  try {
    await until(
      "the jobs to be taken up",
      async () => (await ask(cogd, "GET /readyz")).status === 200 || undefined,
    );
    return cogd;
  } catch (error) {
    await cogd.kill9();
    throw error;
  }
}

/** A background job; answers its handle. */
async function submit(cogd: RunningCogd, functionName: string, query = ""): Promise<string> {
  const answer = await ask(cogd, `POST /jobs/${functionName}?background=true${query}`, "hello");
  assert.equal(answer.status, 202, answer.text);
  return answer.json["handle"] as string;
}

async function worker(cogd: RunningCogd, functionName: string): Promise<WireClient> {
  const peer = await WireClient.connect(cogd.port);
  peer.send("CAN_DO", { args: [functionName] });
  return peer;
}

/** Takes the next job; answers its handle. */
async function grab(peer: WireClient): Promise<string> {
  return (await peer.ask("GRAB_JOB", {}, "JOB_ASSIGN")).args[0]!;
}

async function typeOf(cogd: RunningCogd, what: string): Promise<string> {
  const { status, json } = await ask(cogd, what);
  return `${status} ${String(json["type"]).replace("/problems/", "")}`;
}

/** A stream of events as it comes. */
class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #controller: AbortController;
  readonly #decoder = new TextDecoder();
  #text = "";

  private constructor(response: Response, controller: AbortController) {
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    this.#reader = response.body!.getReader();
    this.#controller = controller;
  }

  static async open(
    cogd: RunningCogd,
    handle: string,
    lastEventId?: number,
  ): Promise<EventReader> {
    const controller = new AbortController();
    const response = await fetch(`${cogd.url}/jobs/${handle}/events`, {
      signal: controller.signal,
      headers: lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) },
    });
    return new EventReader(response, controller);
  }

  /** The next event as `id name`, with its data behind it where it has some; undefined at the end. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const match = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block);
        if (match === null) continue;
        const { data } = JSON.parse(match[3]!) as Json;
        return [match[1], match[2], ...(data === undefined ? [] : [data])].join(" ");
      }
      const { done, value } = await deadline(this.#reader.read(), PATIENCE_MS, "an event");
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  async leave(): Promise<void> {
    this.#controller.abort();
    await this.#reader.closed.catch(() => {});
  }
}

for (const flavour of COGD_FLAVOURS) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: long polls get what a gearman worker makes of a job`, {
    skip: skip || programMissing("gearman"),
  }, async () => {
    await using cogd = await startServing({ flavour });
    const [good, bad] = [await submit(cogd, "upper"), await submit(cogd, "fails")];
    const polls = Promise.all([
      ask(cogd, `GET /jobs/${good}/result?wait=60`),
      ask(cogd, `GET /jobs/${good}?wait=60`),
      ask(cogd, `GET /jobs/${bad}/result?wait=60`),
    ]);
    const none = await ask(cogd, `GET /jobs/${good}/result`);
    assert.deepEqual([none.status, none.json["state"]], [202, "queued"]);
    const port = String(cogd.port);
    await runProgram(
      "gearman",
      ["-p", port, "-w", "-c", "1", "-f", "upper", "--", "tr", "a-z", "A-Z"],
    );
    await runProgram(
      "gearman",
      ["-p", port, "-w", "-c", "1", "-f", "fails", "--", "sh", "-c", "exit 3"],
    );
    const [result, status, failed] = await polls;
    assert.deepEqual([result.status, result.text], [200, "HELLO"]);
    assert.deepEqual([status.json["state"], status.json["attempts"]], ["succeeded", 1]);
    assert.deepEqual([failed.status, failed.json["type"]], [502, "/problems/job-failed"]);
  });

  test(`${flavour}: a stream goes on in the middle of a job where another broke off`, {
    skip,
  }, async () => {
    await using cogd = await startServing({ flavour });
    const handle = await submit(cogd, "f");
    const first = await EventReader.open(cogd, handle);
    assert.equal(await first.next(), "1 queued");
    await using peer = await worker(cogd, "f");
    assert.equal(await grab(peer), handle);
    peer.send("WORK_STATUS", { args: [handle, "1", "3"] });
    peer.send("WORK_DATA", { args: [handle], data: "one" });
    assert.equal(await first.next(), "2 assigned");
    assert.equal(await first.next(), "3 status");
    assert.equal(await first.next(), "4 data one");
    await first.leave();
    peer.send("WORK_DATA", { args: [handle], data: "two" });
    await peer.expectSilence();
    const second = await EventReader.open(cogd, handle, 3);
    assert.equal(await second.next(), "4 data one");
    assert.equal(await second.next(), "5 data two");
    peer.send("WORK_COMPLETE", { args: [handle], data: "three" });
    assert.equal(await second.next(), "6 complete three");
    assert.equal(await second.next(), undefined, "the stream ends with the job");
    const over = await EventReader.open(cogd, handle, 4);
    assert.equal(await over.next(), "5 data two");
    assert.equal(await over.next(), "6 complete three");
    assert.equal(await over.next(), undefined);
    const again = await fetch(`${cogd.url}/jobs/${handle}/events`, {
      headers: { "last-event-id": "6" },
    });
    assert.equal(again.status, 204);
    assert.equal(await again.text(), "");
  });

  test(`${flavour}: after a restart done, failed, expired and never existed are still different`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const start = () => startServing({ flavour, dataDir: folder.path });
    const handles: string[] = [];
    {
      await using cogd = await start();
      await using peer = await worker(cogd, "f");
      for (const query of ["", "", "", "&retain=0"]) handles.push(await submit(cogd, "f", query));
      for (const handle of handles) assert.equal(await grab(peer), handle);
      peer.send("WORK_DATA", { args: [handles[0]!], data: "the " });
      peer.send("WORK_COMPLETE", { args: [handles[0]!], data: "result" });
      peer.send("WORK_FAIL", { args: [handles[1]!] });
      peer.send("WORK_EXCEPTION", { args: [handles[2]!], data: "what went wrong" });
      peer.send("WORK_COMPLETE", { args: [handles[3]!], data: "" });
      await peer.expectSilence();
      handles.push(await submit(cogd, "later"));
      assert.equal((await ask(cogd, `GET /jobs/${handles[0]}/result`)).text, "the result");
    }
    await using cogd = await start();
    const [done, failed, thrown, forgotten, queued] = handles;
    const result = await ask(cogd, `GET /jobs/${done}/result`);
    assert.deepEqual([result.status, result.text], [200, "the result"]);
    assert.equal(await typeOf(cogd, `GET /jobs/${failed}/result`), "502 job-failed");
    const exception = await ask(cogd, `GET /jobs/${thrown}/result`);
    assert.deepEqual([exception.status, exception.json["exception"]], [502, "what went wrong"]);
    assert.equal(await typeOf(cogd, `GET /jobs/${forgotten}/result`), "410 job-expired");
    const never = done!.replace(/\d+$/, "999999999");
    assert.equal(await typeOf(cogd, `GET /jobs/${never}`), "404 job-unknown");
    assert.equal((await ask(cogd, `GET /jobs/${queued}`)).json["state"], "queued");
    const states = (await ask(cogd, "GET /jobs?sort=oldest")).json["items"] as Json[];
    assert.deepEqual(states.map(({ state }) => state), ["succeeded", "failed", "failed", "queued"]);

    // Of events only the end is left; one that was queued before goes on above its former ids.
    const past = await EventReader.open(cogd, done!);
    assert.match(await past.next() ?? "", /^\d+ complete the result$/);
    assert.equal(await past.next(), undefined);
    const live = await EventReader.open(cogd, queued!, 1);
    assert.match(await live.next() ?? "", /^\d{4,} queued$/);
    assert.equal((await ask(cogd, `DELETE /jobs/${queued}`)).status, 204);
    assert.match(await live.next() ?? "", /^\d{4,} cancelled$/);
    assert.equal(await live.next(), undefined);
  });

  test(`${flavour}: 5,000 jobs are listed once each while jobs come and go`, { skip }, async () => {
    await using cogd = await startServing({ flavour });
    const job = { function: "f", payload_text: "x", background: true };
    for (let batch = 0; batch < 5; batch++) {
      const answer = await ask(cogd, "POST /jobs", Array.from({ length: 1000 }, () => job));
      assert.equal(answer.json["accepted"], 1000, answer.text);
    }
    await using peer = await worker(cogd, "f");
    await using client = await WireClient.connect(cogd.port);
    const seen = new Map<string, number>();
    let cursor: unknown = null;
    do {
      const query = `sort=oldest&limit=111${cursor === null ? "" : `&cursor=${cursor}`}`;
      const page = await ask(cogd, `GET /jobs?${query}`);
      assert.equal(page.status, 200, page.text);
      for (const { handle } of page.json["items"] as { handle: string }[]) {
        seen.set(handle, (seen.get(handle) ?? 0) + 1);
      }
      cursor = page.json["next"];
      // These end before, on and behind the page; those that come are not among the 5,000.
      for (let at = 0; at < 60; at++) {
        peer.send("WORK_COMPLETE", { args: [await grab(peer)], data: "" });
      }
      await client.ask("SUBMIT_JOB_BG", { args: ["g", ""], data: "x" }, "JOB_CREATED");
    } while (cursor !== null);
    const counts = Array.from({ length: 5000 }, (_, at) => {
      const handle = [...seen.keys()][0]!.replace(/\d+$/, String(at + 1));
      return seen.get(handle) ?? 0;
    });
    assert.deepEqual(counts.filter((count) => count !== 1), []);
  });

  test(
    `${flavour}: a job that does not run says why, until it is cancelled`,
    { skip },
    async () => {
      await using cogd = await startServing({ flavour });
      const handle = await submit(cogd, "f", "&delay=1h");
      const reasons = async (which: string) => {
        const { json } = await ask(cogd, `GET /jobs/${which}/explain`);
        return (json["reasons"] as { code: string }[]).map(({ code }) => code);
      };
      assert.deepEqual(await reasons(handle), ["delayed", "no-workers"]);
      const due = await submit(cogd, "f", "&unique=key");
      assert.deepEqual(await reasons(due), ["no-workers"]);
      await using peer = await worker(cogd, "f");
      assert.equal(await grab(peer), due);
      assert.deepEqual(await reasons(due), ["running"]);
      assert.deepEqual(await reasons(await submit(cogd, "f")), ["workers-busy"]);
      assert.equal((await ask(cogd, "GET /unique/key")).json["handle"], due);
      assert.equal(await typeOf(cogd, `DELETE /jobs/${due}`), "409 job-running");
      assert.equal((await ask(cogd, `DELETE /jobs/${due}?running=true`)).status, 204);
      assert.equal((await ask(cogd, `DELETE /jobs/${handle}`)).status, 204);
      assert.equal(await typeOf(cogd, `GET /jobs/${handle}/result?wait=60`), "502 job-cancelled");
      assert.equal((await ask(cogd, `GET /jobs/${due}`)).json["state"], "cancelled");
    },
  );
}
