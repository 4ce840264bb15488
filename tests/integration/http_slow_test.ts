import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { COGD_BINARIES, deadline, flavourMissing, startCogd } from "../support/mod.ts";
import { ask } from "./http_caller.ts";

/** Requests that come too slowly are cut, by real sockets and real time. */

/** More than a busy machine lets a process wait for its turn. */
const PATIENCE_S = 3;
/** Between two pieces of what drips, milliseconds. */
const DRIP_MS = 50;
/** Longer than any of this takes on the busiest machine. */
const LIMIT_MS = 60_000;

const ECHO = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";

/** A request that is sent bit by bit until it is whole, or the server answers. */
async function drip(
  port: number,
  { start, piece, pieces }: { start: string; piece: string; pieces: number },
): Promise<string> {
  const socket: Socket = connect(port, "127.0.0.1");
  let answer = "";
  let left = pieces;
  socket.on("data", (bytes) => answer += bytes.toString("latin1"));
  // That the server cuts the connection while something is sent to it is what is wanted.
  socket.on("error", () => {});
  await deadline(once(socket, "connect"), LIMIT_MS, "a connection");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(start);
  const timer = setInterval(() => {
    if (left-- > 0 && answer === "") socket.write(piece);
    else if (/\r\n\r\n[^]+/.test(answer)) socket.end();
  }, DRIP_MS);
  try {
    await deadline(closed, LIMIT_MS, "the end of the connection", () => answer);
    return answer;
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
}

function assertCut(answer: string, what: string): void {
  assert.match(answer, /^HTTP\/1\.1 408 /, what);
  assert.match(answer, /\r\ncontent-type: application\/problem\+json\r\n/i, what);
  assert.match(answer, /\r\nconnection: close\r\n/i, what);
  const problem = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as { type: string };
  assert.equal(problem.type, "/problems/request-timeout", what);
}

for (const flavour of COGD_BINARIES) {
  test(`${flavour}: heads and bodies that stall or drip are cut, a slow one that goes on is not`, {
    skip: flavourMissing(flavour),
  }, async () => {
    const args = [`--http-patience=${PATIENCE_S}`, "--queue-type=memory"];
    await using cogd = await startCogd({ flavour, http: true, args });
    const large = `${ECHO}Content-Length: 1000000\r\n\r\n`;
    const chunked = `${ECHO}Transfer-Encoding: chunked\r\n\r\n`;
    const slow = {
      "a head that stalls": { start: "POST /echo HT", piece: "", pieces: 0 },
      "a head that drips": { start: ECHO, piece: "X-A: b\r\n", pieces: Infinity },
      "a body that stalls": { start: `${large}half`, piece: "", pieces: 0 },
      "a body that drips": { start: large, piece: "x", pieces: Infinity },
      "a chunk that stalls": { start: `${chunked}5\r\nab`, piece: "", pieces: 0 },
      "chunks that drip": { start: chunked, piece: "1\r\nx\r\n", pieces: Infinity },
    };
    const answers = Object.entries(slow).map(async ([what, how]) =>
      [what, await drip(cogd.httpPort, how)] as const
    );
    // More than a kilobyte a second, for longer than the patience.
    const [piece, pieces] = ["y".repeat(500), 2 * PATIENCE_S * 1000 / DRIP_MS];
    const patient = drip(cogd.httpPort, {
      start: `${ECHO}Content-Length: ${piece.length * pieces}\r\n\r\n`,
      piece,
      pieces,
    });
    const began = performance.now();
    assert.equal((await ask(cogd.url, "POST /echo", { body: "meanwhile" })).text, "meanwhile");
    for (const answer of answers) {
      const [what, text] = await answer;
      assertCut(text, what);
    }
    const tookMs = performance.now() - began;
    assert.ok(tookMs >= PATIENCE_S * 1000 / 2, `all were cut after ${tookMs} ms`);
    const whole = await patient;
    assert.match(whole, /^HTTP\/1\.1 200 /);
    assert.ok(whole.endsWith(piece.repeat(pieces)));
    const { text } = await ask(cogd.url, "GET /metrics");
    assert.match(text, /^gearman_client_connections\{listener="http"\} [0-9]\b/m);
  });
}
