import assert from "node:assert/strict";
import test from "node:test";
import { Outgoing } from "../../src/runtime/outgoing.ts";
import { ReadBuffer } from "../../src/runtime/read_buffers.ts";
import { Random } from "../support/mod.ts";
import { noise } from "./recorder.ts";

/** Bytes that count on, so that a stream of them shows what is missing or out of place. */
function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) % 251);
}

test("what waits to be sent leaves in order, whatever is taken and put back", () => {
  const random = new Random(1);
  const outgoing = new Outgoing();
  let pushed = 0;
  let sent = 0;
  const send = (share: number) => {
    const taken = outgoing.take();
    const count = Math.floor(taken.length * share);
    assert.deepEqual(taken.subarray(0, count), counting(sent, count));
    sent += count;
    if (count < taken.length) outgoing.putBack(taken.subarray(count));
  };
  for (let step = 0; step < 20_000; step++) {
    if (outgoing.size === 0 || random.below(5) < 3) {
      const length = random.between(1, random.below(500) === 0 ? 100_000 : 60);
      outgoing.push(counting(pushed, length));
      pushed += length;
    } else {
      send(random.below(3) / 2);
    }
    assert.equal(outgoing.size, pushed - sent);
  }
  while (outgoing.size > 0) send(1);
  assert.equal(sent, pushed);
});

test("small pieces are sent together, large ones are not copied", () => {
  const outgoing = new Outgoing();
  for (let i = 0; i < 100; i++) outgoing.push(noise(64, i));
  const large = noise(200_000);
  outgoing.push(large);
  assert.equal(outgoing.take().length, 6400);
  assert.equal(outgoing.take(), large);
  outgoing.push(large);
  outgoing.clear();
  assert.equal(outgoing.size, 0);
});

test("a read buffer follows what its peer sends, and is small again when that is", () => {
  const buffer = new ReadBuffer();
  const sizesAfter = (...counts: number[]) =>
    counts.map((count) => {
      buffer.follow(count);
      return buffer.bytes.length;
    });
  assert.equal(buffer.bytes.length, 512);
  assert.deepEqual(sizesAfter(12, 511), [512, 512]);
  assert.deepEqual(sizesAfter(512, 4096, 16_384, 65_536), [4096, 16_384, 65_536, 65_536]);
  assert.deepEqual(sizesAfter(9000, 4000), [16_384, 4096]);
  // A few small packets between larger ones change nothing, many do.
  assert.deepEqual(sizesAfter(12, 12, 900), [4096, 4096, 4096]);
  assert.deepEqual(new Set(sizesAfter(...Array<number>(15).fill(12))), new Set([4096]));
  assert.deepEqual(sizesAfter(12), [512]);
  // Large ones go at once: an idle connection must not keep 64 KiB.
  assert.deepEqual(sizesAfter(512, 4096, 12), [4096, 16_384, 4096]);
  buffer.release();
});

test("no two connections get the same read buffer", () => {
  const buffers = Array.from({ length: 300 }, () => new ReadBuffer());
  for (const [number, { bytes }] of buffers.entries()) bytes.fill(number % 251);
  for (const [number, { bytes }] of buffers.entries()) {
    assert.ok(bytes.every((byte) => byte === number % 251));
  }
  for (const buffer of buffers) buffer.follow(512);
  for (const [number, { bytes }] of buffers.entries()) bytes.fill(number % 251);
  assert.ok(buffers.every(({ bytes }, number) => bytes.every((byte) => byte === number % 251)));
  for (const buffer of buffers) buffer.release();
});
