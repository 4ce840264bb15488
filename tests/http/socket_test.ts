import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request as nodeRequest } from "node:http";
import process from "node:process";
import test from "node:test";
import {
  bytesResponse,
  DEFAULT_HTTP_LIMITS,
  type HttpHandler,
  type HttpLimits,
  pushedResponse,
  type RunningHttpServer,
  serveHttp,
} from "../../src/http/mod.ts";
import { type Connection, type ConnectionHandler, dial, listen } from "../../src/runtime/mod.ts";
import { deadline, PATIENCE_MS, Random } from "../support/mod.ts";
import { responsesIn } from "./received_response.ts";

const MIB = 1024 * 1024;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function sha(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Runs a test's body with a server on a port of its own, closed in the end without an error logged. */
async function withServer(
  handle: HttpHandler,
  body: (server: RunningHttpServer, url: string) => Promise<void>,
  limits: Partial<HttpLimits> = {},
): Promise<void> {
  const errors: string[] = [];
  const server = await serveHttp({
    listen,
    address: { hostname: "127.0.0.1", port: 0 },
    backlog: 1024,
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
    handle,
    problemBase: "/problems/",
    log: (level, text) => level === "ERROR" && errors.push(text),
    now: () => Date.now(),
    later(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  });
  try {
    await body(server, `http://127.0.0.1:${server.address.port}`);
  } finally {
    await deadline(server.close(0), PATIENCE_MS, "the server's end");
  }
  assert.deepEqual(errors, []);
  assert.equal(server.connections.open, 0);
}

/** A peer that sends and receives raw bytes. */
class RawPeer implements ConnectionHandler {
  connection!: Connection;
  text = "";
  size = 0;
  isOver = false;
  keepsText = true;
  #watchers = new Set<() => void>();

  static async dial(server: RunningHttpServer): Promise<RawPeer> {
    const peer = new RawPeer();
    peer.connection = await dial(server.address, () => peer);
    return peer;
  }

  send(text: string): void {
    this.connection.write(bytes(text));
  }

  data(data: Uint8Array): void {
    this.size += data.length;
    if (this.keepsText) { for (const byte of data) this.text += String.fromCharCode(byte); }
    this.#tell();
  }
  drained(): void {}
  ended(): void {
    this.isOver = true;
    this.#tell();
  }
  closed(): void {
    this.isOver = true;
    this.#tell();
  }

  async until(holds: (peer: RawPeer) => boolean, what: string): Promise<void> {
    let watcher = () => {};
    const came = new Promise<void>((resolve) => watcher = () => holds(this) && resolve());
    this.#watchers.add(watcher);
    watcher();
    await deadline(came, PATIENCE_MS, what, () => `${this.size} bytes: ${this.text.slice(-300)}`);
    this.#watchers.delete(watcher);
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Waits for a count that the server keeps; looks again in each turn. */
async function untilTrue(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const echo: HttpHandler = async (_, peer) => bytesResponse(await peer.body(256 * MIB));

test("fetch and node:http get their bodies back, whatever their size", async () => {
  await withServer(echo, async (server, url) => {
    for (const size of [0, 1, 1000, 16_384, 16_385, 300_000, 5 * MIB]) {
      const body = new Random(size).bytes(size) as Uint8Array<ArrayBuffer>;
      const response = await fetch(url, { method: "POST", body });
      assert.equal(response.status, 200);
      const back = new Uint8Array(await response.arrayBuffer());
      assert.equal(sha(back), sha(body), `${size} bytes`);
      assert.equal(
        sha(await throughNode(server.address.port, body)),
        sha(body),
        `${size} in chunks`,
      );
    }
  });
});

/** Posts in chunks through another client. */
function throughNode(port: number, body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const request = nodeRequest({ port, host: "127.0.0.1", method: "POST" }, (response) => {
      const pieces: Uint8Array[] = [];
      response.on("data", (piece: Uint8Array) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const piece of pieces) {
          all.set(piece, at);
          at += piece.length;
        }
        resolve(all);
      });
    });
    request.on("error", reject);
    request.setHeader("connection", "close");
    for (let at = 0; at < body.length; at += 50_000) request.write(body.subarray(at, at + 50_000));
    request.end();
  });
}

test("64 MiB come and go at once, and the memory does not grow by more than a few times that", async () => {
  await withServer(echo, async (server) => {
    const body = new Uint8Array(64 * MIB).fill(97);
    const peer = await RawPeer.dial(server);
    peer.keepsText = false;
    const rssBefore = process.memoryUsage().rss;
    peer.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`);
    peer.connection.write(body);
    await peer.until(({ size }) => size > body.length, "the echo");
    assert.ok(process.memoryUsage().rss - rssBefore < 6 * body.length);
    peer.connection.destroy();
  });
});

test("one connection serves many requests, split at random", async () => {
  const handle: HttpHandler = async (request, peer) => {
    const body = await peer.body(1000);
    return bytesResponse(bytes(`${new URL(request.url).pathname} ${body.length};`));
  };
  await withServer(handle, async (server) => {
    const random = new Random(5);
    const peer = await RawPeer.dial(server);
    let sent = "";
    for (let i = 0; i < 300; i++) {
      const length = random.below(900);
      sent += `POST /${i}-${length} HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;
      sent += "x".repeat(length);
    }
    for (let at = 0; at < sent.length;) {
      const end = at + random.between(1, 1500);
      peer.send(sent.slice(at, end));
      if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
      at = end;
    }
    await peer.until(({ text }) => text.includes("/299-"), "the last answer");
    await peer.until(({ text }) => text.endsWith(";"), "its end");
    const answers = responsesIn(peer.text).map(({ body }) => body);
    assert.equal(answers.length, 300);
    for (const [i, answer] of answers.entries()) {
      const [, length] = /-(\d+) /.exec(answer)!;
      assert.equal(answer, `/${i}-${length} ${length};`);
    }
    assert.equal(server.connections.opened, 1);
    peer.connection.destroy();
  });
});

test("a thousand calls dropped half-way leave nothing behind", async () => {
  let waiting = 0;
  const handle: HttpHandler = (_, { signal }) =>
    new Promise((_, reject) => {
      waiting++;
      signal.addEventListener("abort", () => {
        waiting--;
        reject(signal.reason);
      });
    });
  await withServer(handle, async (server) => {
    for (let round = 0; round < 10; round++) {
      const peers = await Promise.all(Array.from({ length: 100 }, () => RawPeer.dial(server)));
      for (const peer of peers) {
        peer.send("POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
      }
      await untilTrue(() => waiting === 100, "100 calls");
      // `end` is what a client's close looks like, `destroy` may reset.
      for (const [i, peer] of peers.entries()) {
        if (i % 2 === 0) peer.connection.end();
        else peer.connection.destroy();
      }
      await untilTrue(() => waiting === 0 && server.connections.open === 0, "their end");
    }
    assert.equal(server.connections.closed, 1000);
  });
});

test("a reader that stops is cut, and costs no more than the bound", async () => {
  let isGone = false;
  let written = 0;
  const handle: HttpHandler = () =>
    pushedResponse({}, (writer) => {
      const piece = new Uint8Array(100_000);
      const push = () => {
        if (isGone) return;
        writer.write(piece);
        written += piece.length;
        setImmediate(push);
      };
      push();
      return { gone: () => isGone = true };
    });
  await withServer(handle, async (server) => {
    const peer = await RawPeer.dial(server);
    peer.keepsText = false;
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await peer.until(({ size }) => size > 0, "the stream");
    peer.connection.pause();
    await untilTrue(() => isGone, "the cut");
    // The system's own buffers on both sides take a few MiB beside the bound.
    assert.ok(written < 32 * MIB, `${written} bytes were written`);
    await untilTrue(() => server.connections.open === 0, "the end of the connection");
    peer.connection.destroy();
  });
});

test("a large answer reaches a reader that pauses", async () => {
  const body = new Random(1).bytes(8 * MIB);
  await withServer(() => bytesResponse(body), async (server) => {
    const peer = await RawPeer.dial(server);
    peer.keepsText = false;
    const hash = createHash("sha256");
    let isHead = true;
    const receive = peer.data.bind(peer);
    peer.data = (data) => {
      const at = isHead ? new TextDecoder("latin1").decode(data).indexOf("\r\n\r\n") + 4 : 0;
      isHead = false;
      hash.update(data.subarray(at));
      receive(data);
      peer.connection.pause();
      setImmediate(() => peer.connection.resume());
    };
    peer.send("GET / HTTP/1.0\r\n\r\n");
    await peer.until(({ isOver }) => isOver, "the end");
    assert.equal(hash.digest("hex"), sha(body));
  });
});

test("slow headers are cut by the real clock, and others are served meanwhile", async () => {
  await withServer(echo, async (server, url) => {
    const slow = await RawPeer.dial(server);
    slow.send("GET / HTTP/1.1\r\nHos");
    const response = await fetch(url, { method: "POST", body: "fine" });
    assert.equal(await response.text(), "fine");
    await slow.until(({ isOver }) => isOver, "the cut");
    assert.equal(responsesIn(slow.text)[0]!.status, 408);
    slow.connection.destroy();
  }, { headMs: 1000 });
});

test("an answer reaches a peer that is still sending what nobody reads", async () => {
  await withServer(() => bytesResponse(bytes("no"), { status: 403 }), async (server) => {
    const peer = await RawPeer.dial(server);
    peer.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${8 * MIB}\r\n\r\n`);
    for (let i = 0; i < 8; i++) peer.connection.write(new Uint8Array(MIB));
    await peer.until(({ text }) => text.endsWith("no"), "the answer");
    await peer.until(({ isOver }) => isOver, "the end");
    peer.connection.destroy();
  });
});

test("close waits for a running request of a real peer", async () => {
  let begun = () => {};
  let answer = (_: Response) => {};
  const arrival = new Promise<void>((resolve) => begun = resolve);
  const handle: HttpHandler = () =>
    new Promise((resolve) => {
      answer = resolve;
      begun();
    });
  await withServer(handle, async (server, url) => {
    const asked = fetch(url);
    await arrival;
    const closing = server.close(PATIENCE_MS);
    answer(bytesResponse(bytes("just in time")));
    assert.equal(await (await asked).text(), "just in time");
    await deadline(closing, PATIENCE_MS, "the close");
    await assert.rejects(dial(server.address, () => new RawPeer()));
  });
});
