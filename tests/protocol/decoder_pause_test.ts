import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { encodeRequest, encodeText, PacketDecoder, PacketType } from "../../src/protocol/mod.ts";
import { Random, seedFrom } from "../support/mod.ts";
import { cut, decoded, joined, LIMITS, RecordingSink } from "./recording_sink.ts";
import { WORKED_EXAMPLES } from "./worked_examples.ts";

test("pause() holds what follows, resume() delivers it up to the next one", () => {
  const large = encodeRequest(PacketType.ECHO_REQ, { data: "e".repeat(10_000) });
  const stream = joined([
    ...WORKED_EXAMPLES.map(({ bytes }) => bytes),
    large,
    encodeText("a\r\nb\n\n"),
    large,
    encodeRequest(PacketType.GRAB_JOB),
  ]);
  const random = new Random(seedFrom(process.env));
  for (let run = 0; run < 100; run++) {
    const sink = new RecordingSink();
    const pausing = (deliver: () => void) => {
      assert.equal(decoder.isPaused, false);
      deliver();
      if (random.chance(0.5)) decoder.pause();
    };
    const decoder: PacketDecoder = new PacketDecoder({
      packet: (packet) => pausing(() => sink.packet(packet)),
      malformed: (packet) => pausing(() => sink.malformed(packet)),
      line: (line) => pausing(() => sink.line(line)),
    }, LIMITS);
    const cuts = Array.from({ length: 6 }, () => random.below(stream.length));
    for (const chunk of cut(stream, cuts.sort((a, b) => a - b))) {
      const reused = chunk.slice();
      decoder.push(reused);
      reused.fill(0xff);
      while (decoder.isPaused && random.chance(0.7)) decoder.resume();
    }
    while (decoder.isPaused) decoder.resume();
    assert.deepEqual(sink.delivered, decoded([stream]), `seed ${random.seed}, run ${run}`);
    assert.equal(decoder.heldBytes, 0);
  }
});
