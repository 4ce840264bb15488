import assert from "node:assert/strict";
import test from "node:test";
import { BodyBuffer } from "../../src/http/body_buffer.ts";
import { type BodyDecoder, ChunkedDecoder, SizedDecoder } from "../../src/http/body_decoder.ts";
import { RefusedRequest } from "../../src/http/http_problems.ts";
import { Random } from "../support/mod.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** What a decoder finds: the body, and the bytes behind it; undefined while it is not done. */
function decode(decoder: BodyDecoder, pieces: readonly Uint8Array[]) {
  let body = "";
  let rest = "";
  for (const piece of pieces) {
    const end = decoder.read(piece, 0, (part) => body += String.fromCharCode(...part));
    assert.ok(end === piece.length || decoder.isDone);
    rest += String.fromCharCode(...piece.subarray(end));
  }
  return decoder.isDone ? { body, rest } : undefined;
}

function chunked(...pieces: string[]) {
  return decode(new ChunkedDecoder(100), pieces.map(bytes));
}

test("a body of known length ends there", () => {
  assert.deepEqual(decode(new SizedDecoder(3), [bytes("ab"), bytes("cde")]), {
    body: "abc",
    rest: "de",
  });
  assert.equal(decode(new SizedDecoder(3), [bytes("ab")]), undefined);
  assert.deepEqual(decode(new SizedDecoder(0), [bytes("ab")]), { body: "", rest: "ab" });
});

test("chunks are put together, extensions and trailers are left out", () => {
  assert.deepEqual(chunked("3\r\nabc\r\n0\r\n\r\nGET"), { body: "abc", rest: "GET" });
  assert.deepEqual(chunked("0\r\n\r\n"), { body: "", rest: "" });
  assert.deepEqual(chunked("0003\r\na\r\n\r\n00\r\n\r\n"), { body: "a\r\n", rest: "" });
  assert.deepEqual(chunked('1;a=b;c="d"\r\nx\r\n0;e\r\nF: g\r\nH:\r\n\r\n!'), {
    body: "x",
    rest: "!",
  });
  assert.deepEqual(chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n")?.body.length, 20);
  assert.equal(chunked("3\r\nabc\r\n0\r\n"), undefined);
});

test("where chunks are split makes no difference", () => {
  const text = "3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\nrest";
  for (let at = 0; at <= text.length; at++) {
    assert.deepEqual(chunked(text.slice(0, at), text.slice(at)), { body: "abcd", rest: "rest" });
  }
  assert.deepEqual(chunked(...text), { body: "abcd", rest: "rest" });
});

test("chunks that could be understood differently are refused", () => {
  const refused = [
    "\r\n",
    ";a\r\n",
    " 3\r\nabc\r\n",
    "3 \r\nabc\r\n",
    "3\nabc\n",
    "3\r\nabcd\r\n",
    "3\r\nabc\n",
    "3\r\nabc\r\r",
    "0x3\r\nabc\r\n",
    "-3\r\n",
    "+3\r\n",
    "3g\r\n",
    "g\r\n",
    "3\r\r\nabc",
    "3;\n\r\nabc",
    "3;\0\r\nabc",
    "1000000000000\r\n",
    "0000000000003\r\nabc\r\n",
    "0\r\n\n",
    "0\r\n\r\r",
    "0\r\nA: b\n",
    "0\r\nA: \0\r\n",
    `3;${"a".repeat(101)}`,
    `0\r\n${"A: b\r\n".repeat(26)}`,
    "1;aaaaaaaaaa\r\nx\r\n".repeat(11),
  ];
  for (const text of refused) {
    assert.throws(() => chunked(text), RefusedRequest, JSON.stringify(text));
    assert.throws(() => chunked(...text), RefusedRequest, JSON.stringify(text));
  }
});

test("random chunks come out as they went in", () => {
  const random = new Random(20_001);
  for (let i = 0; i < 300; i++) {
    let body = "";
    let text = "";
    for (let left = random.below(8); left > 0; left--) {
      const piece = random.name(random.between(1, 300));
      body += piece;
      text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    }
    text += "0\r\n\r\nnext";
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const end = at + random.between(1, 200);
      pieces.push(text.slice(at, end));
      at = end;
    }
    assert.deepEqual(chunked(...pieces), { body, rest: "next" }, `round ${i}`);
  }
});

test("damaged chunks never bring bytes that no chunk held", () => {
  const random = new Random(31);
  for (let i = 0; i < 20_000; i++) {
    let text = "5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\nT: u\r\n\r\n";
    const at = random.below(text.length);
    text = text.slice(0, at) + random.name(random.below(3)) + text.slice(at + random.below(3));
    try {
      const found = chunked(text.slice(0, at), text.slice(at));
      assert.ok(found === undefined || found.body.length + found.rest.length < text.length);
    } catch (error) {
      assert.ok(error instanceof RefusedRequest, String(error));
    }
  }
});

test("a body's memory follows what came, not what was announced", () => {
  const buffer = new BodyBuffer(1024 * 1024 * 1024 * 1024);
  buffer.push(bytes("abc"));
  assert.deepEqual(buffer.take(), bytes("abc"));
  assert.equal(buffer.size, 0);
});

test("a body of known length is in memory of exactly that length", () => {
  for (const length of [1, 1000, 300_000, 5_000_000]) {
    const sent = new Random(length).bytes(length);
    for (const announced of [length, Infinity]) {
      const buffer = new BodyBuffer(announced);
      for (let at = 0; at < length; at += 65_536) buffer.push(sent.subarray(at, at + 65_536));
      const taken = buffer.take();
      assert.equal(taken.buffer.byteLength, length);
      assert.deepEqual(taken, sent);
      assert.notEqual(taken.buffer, sent.buffer);
    }
  }
});
