import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { test } from "node:test";
import {
  bytesOf,
  encodePacket,
  encodeRequest,
  encodeText,
  MAGIC_REPLY,
  MAGIC_REQUEST,
  type Packet,
  PacketDecoder,
  type PacketSink,
  PacketType,
} from "../../src/protocol/mod.ts";
import { Random, seedFrom } from "../support/mod.ts";
import {
  byteByByte,
  cut,
  decoded,
  type Delivered,
  hex,
  joined,
  LIMITS,
  RecordingSink,
} from "./recording_sink.ts";
import { WORKED_EXAMPLES } from "./worked_examples.ts";

const ECHO = encodeRequest(PacketType.ECHO_REQ, { data: "echo" });
const ECHO_DELIVERED: Delivered = {
  packet: "ECHO_REQ",
  magic: MAGIC_REQUEST,
  args: [],
  data: "echo",
};

function header(type: number, size: number, magic = MAGIC_REQUEST): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, type);
  view.setUint32(8, size);
  return bytes;
}

/** A sink that does something with each packet and expects nothing else. */
function packetsTo(packet: (packet: Packet) => void): PacketSink {
  const unexpected = () => assert.fail("neither malformed packets nor lines are expected");
  return { packet, malformed: unexpected, line: unexpected };
}

test("every worked example is understood, whole and byte by byte", () => {
  assert.equal(WORKED_EXAMPLES.length, 25);
  for (const { bytes, delivered } of WORKED_EXAMPLES) {
    assert.deepEqual(decoded([bytes]), [delivered]);
    assert.deepEqual(decoded(byteByByte(bytes)), [delivered]);
  }
});

test("every worked example is encoded to the same bytes", () => {
  for (const { bytes, delivered } of WORKED_EXAMPLES) {
    assert.ok("packet" in delivered);
    const content = { args: delivered.args, ...(delivered.data !== null && delivered) };
    const type = PacketType[delivered.packet];
    const { args, data } = content as { args: string[]; data?: string };
    assert.deepEqual(
      encodePacket(delivered.magic, type, data === undefined ? { args } : { args, data }),
      bytes,
    );
  }
});

test("several messages in one chunk are delivered in order", () => {
  const stream = joined(WORKED_EXAMPLES.map(({ bytes }) => bytes));
  assert.deepEqual(decoded([stream]), WORKED_EXAMPLES.map(({ delivered }) => delivered));
});

/** Packets and lines mixed: what sessions really carry, in one segment. */
const MIXED = joined([
  encodeText("status\r\n"),
  WORKED_EXAMPLES[2]!.bytes,
  encodeText("version\n\n"),
  ECHO,
  WORKED_EXAMPLES[6]!.bytes,
  encodeText("show unique jobs\r\n"),
  encodeRequest(PacketType.SUBMIT_REDUCE_JOB, { args: ["f", "", "r", ""], data: "\0\n\0REQ" }),
]);
const MIXED_DELIVERED: readonly Delivered[] = [
  { line: "status" },
  WORKED_EXAMPLES[2]!.delivered,
  { line: "version" },
  { line: "" },
  ECHO_DELIVERED,
  WORKED_EXAMPLES[6]!.delivered,
  { line: "show unique jobs" },
  {
    packet: "SUBMIT_REDUCE_JOB",
    magic: MAGIC_REQUEST,
    args: ["f", "", "r", ""],
    data: "\0\n\0REQ",
  },
];

test("text and binary alternate freely, whole and byte by byte", () => {
  assert.deepEqual(decoded([MIXED]), MIXED_DELIVERED);
  assert.deepEqual(decoded(byteByByte(MIXED)), MIXED_DELIVERED);
});

test("a stream is understood whatever two positions it is split at", () => {
  for (let first = 0; first <= MIXED.length; first++) {
    for (let second = first; second <= MIXED.length; second += 1 + (first % 3)) {
      assert.deepEqual(
        decoded(cut(MIXED, [first, second])),
        MIXED_DELIVERED,
        `split at ${first} and ${second}`,
      );
    }
  }
});

test("a stream is understood however it is split", () => {
  const random = new Random(seedFrom(process.env));
  for (let round = 0; round < 300; round++) {
    const messages: Uint8Array[] = [];
    const expected: Delivered[] = [];
    for (let count = random.between(1, 12); count > 0; count--) {
      const large = random.chance(0.1) ? random.between(4000, 20_000) : random.below(60);
      if (random.chance(0.3)) {
        const line = random.name(random.below(60)).replace(/^\0|[\r\n]/g, ".");
        messages.push(encodeText(`${line}${random.pick(["\n", "\r\n"])}`));
        expected.push({ line });
      } else {
        const data = String.fromCharCode(...random.bytes(large));
        messages.push(
          encodeRequest(PacketType.SUBMIT_JOB_BG, { args: ["f", "u"], data }),
        );
        expected.push({ packet: "SUBMIT_JOB_BG", magic: MAGIC_REQUEST, args: ["f", "u"], data });
      }
    }
    const stream = joined(messages);
    const cuts = Array.from({ length: random.below(20) }, () => random.below(stream.length + 1));
    assert.deepEqual(
      decoded(cut(stream, cuts.sort((a, b) => a - b))),
      expected,
      `seed ${random.seed}, round ${round}`,
    );
  }
});

test("a body as large as the limit is taken, one byte more is refused from the header alone", () => {
  const fits = joined([header(PacketType.ECHO_REQ, 4), bytesOf("echo")]);
  assert.deepEqual(decoded([fits], { maxPacketBytes: 4 }), [ECHO_DELIVERED]);
  for (const size of [5, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const sink = new RecordingSink();
    const decoder = new PacketDecoder(sink, { ...LIMITS, maxPacketBytes: 4 });
    const head = header(PacketType.ECHO_REQ, size);
    decoder.push(head.subarray(0, 11));
    assert.throws(() => decoder.push(head.subarray(11)), { code: "PACKET_TOO_LARGE" });
    assert.equal(decoder.heldBytes, 0);
  }
});

test("memory grows with the bytes that came, not with the size that a header claims", () => {
  const limits = { ...LIMITS, maxPacketBytes: 0xffffffff };
  const decoders = Array.from({ length: 2000 }, () => {
    const decoder = new PacketDecoder(new RecordingSink(), limits);
    // Together they claim 8 TiB.
    decoder.push(header(PacketType.ECHO_REQ, 0xffffffff));
    decoder.push(Uint8Array.of(1));
    return decoder;
  });
  for (const decoder of decoders) assert.equal(decoder.heldBytes, 13);
});

test("arguments longer than the limit end the stream", () => {
  const limits = { maxArgumentBytes: 10 };
  const submit = (name: string, data = "") =>
    encodeRequest(PacketType.SUBMIT_JOB, { args: [name, "u"], data });
  const error = [{ error: "ARGUMENTS_TOO_LARGE" }];
  // f…, NUL, u, NUL: 7 + 3 bytes fit.
  assert.equal(decoded([submit("f".repeat(7), "data beyond the limit")], limits).length, 1);
  assert.deepEqual(decoded([submit("f".repeat(8), "data")], limits), error);
  assert.deepEqual(decoded(byteByByte(submit("f".repeat(8), "data"))).length, 1);
  assert.deepEqual(decoded(byteByByte(submit("f".repeat(8), "data")), limits), error);
  assert.deepEqual(decoded([submit("f".repeat(8191 - 2))]).length, 1);
});

test("a last argument without NUL counts too, and is refused from the header alone", () => {
  const limits = { maxArgumentBytes: 10 };
  const fits = encodeRequest(PacketType.CAN_DO, { args: ["f".repeat(10)] });
  assert.deepEqual(decoded([fits], limits), [
    { packet: "CAN_DO", magic: MAGIC_REQUEST, args: ["f".repeat(10)], data: null },
  ]);
  for (const type of [PacketType.CAN_DO, PacketType.OPTION_REQ, PacketType.WORK_STATUS]) {
    assert.deepEqual(decoded([header(type, 11)], limits), [{ error: "ARGUMENTS_TOO_LARGE" }]);
  }
});

test("the body of a packet without arguments is skipped", () => {
  const stream = joined([header(PacketType.GRAB_JOB, 9000), new Uint8Array(9000), ECHO]);
  const grab: Delivered = { packet: "GRAB_JOB", magic: MAGIC_REQUEST, args: [], data: null };
  assert.deepEqual(decoded([stream]), [grab, ECHO_DELIVERED]);
  assert.deepEqual(decoded(cut(stream, [12, 13, 9000])), [grab, ECHO_DELIVERED]);
});

test("a body shorter than its arguments is malformed, and the next packet is understood", () => {
  const cases: readonly [PacketType, string][] = [
    [PacketType.SUBMIT_JOB, ""],
    [PacketType.SUBMIT_JOB, "f"],
    [PacketType.SUBMIT_JOB, "f\0u"],
    [PacketType.SUBMIT_JOB_EPOCH, "f\0u\x0017"],
    // Three arguments, as the protocol document lists them: the reference waits for a fourth.
    [PacketType.SUBMIT_REDUCE_JOB, "f\0u\0r\0data"],
    [PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, "f\0u\0r\0"],
    [PacketType.SUBMIT_JOB_SCHED, "f\0u\x001\x002\x003\x004\0"],
    [PacketType.WORK_STATUS, "H:x:1"],
    [PacketType.WORK_STATUS, "H:x:1\x001"],
    [PacketType.CAN_DO_TIMEOUT, "f"],
  ];
  for (const [type, body] of cases) {
    const stream = joined([header(type, body.length), bytesOf(body), ECHO]);
    for (const chunks of [[stream], byteByByte(stream)]) {
      const [first, ...rest] = decoded(chunks);
      assert.deepEqual(Object.keys(first!), ["malformed", "magic"], body);
      assert.deepEqual(rest, [ECHO_DELIVERED]);
    }
  }
});

test("a handle alone is a result without data", () => {
  const { WORK_COMPLETE, WORK_DATA, WORK_WARNING, WORK_EXCEPTION } = PacketType;
  for (const type of [WORK_COMPLETE, WORK_DATA, WORK_WARNING, WORK_EXCEPTION]) {
    const stream = joined([header(type, 5), bytesOf("H:x:1"), ECHO]);
    for (const chunks of [[stream], byteByByte(stream)]) {
      const [first, ...rest] = decoded(chunks);
      assert.ok(first !== undefined && "packet" in first);
      assert.deepEqual([first.args, first.data?.length], [["H:x:1"], 0]);
      assert.deepEqual(rest, [ECHO_DELIVERED]);
    }
  }
});

test("a malformed packet does not borrow the NULs of the next one", () => {
  const stream = joined([header(PacketType.SUBMIT_JOB, 1), bytesOf("f"), header(9, 0)]);
  assert.deepEqual(decoded([stream]), [
    { malformed: "SUBMIT_JOB", magic: MAGIC_REQUEST },
    { packet: "GRAB_JOB", magic: MAGIC_REQUEST, args: [], data: null },
  ]);
});

test("an empty body is enough for one argument without NUL and for empty data", () => {
  for (const type of [PacketType.CAN_DO, PacketType.SET_CLIENT_ID, PacketType.GET_STATUS]) {
    const [delivered] = decoded([header(type, 0)]);
    assert.ok(delivered !== undefined && "packet" in delivered);
    assert.deepEqual(delivered.args, [""]);
  }
  assert.deepEqual(decoded([header(PacketType.ECHO_REQ, 0)]), [{ ...ECHO_DELIVERED, data: "" }]);
});

test("an unknown packet number ends the stream, also the one that kills the reference", () => {
  for (const type of [0, 43, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff]) {
    assert.deepEqual(decoded([joined([header(type, 0), ECHO])]), [{ error: "UNKNOWN_TYPE" }]);
    assert.deepEqual(decoded(byteByByte(header(type, 0))), [{ error: "UNKNOWN_TYPE" }]);
  }
});

test("a wrong magic ends the stream, but only when 12 bytes have come", () => {
  for (const start of ["00 00 00 00", "00 52 45 50", "00 52 45 54", "00 72 65 71"]) {
    const bytes = joined([hex(start), header(16, 0).subarray(4)]);
    assert.deepEqual(decoded(byteByByte(bytes.subarray(0, 11))), []);
    assert.deepEqual(decoded([bytes.subarray(0, 11)]), []);
    assert.deepEqual(decoded([bytes]), [{ error: "BAD_MAGIC" }]);
    assert.deepEqual(decoded(byteByByte(bytes)), [{ error: "BAD_MAGIC" }]);
  }
});

test("the magic of replies is delivered as it is", () => {
  const [delivered] = decoded([header(PacketType.GRAB_JOB, 0, MAGIC_REPLY)]);
  assert.deepEqual(delivered, { packet: "GRAB_JOB", magic: MAGIC_REPLY, args: [], data: null });
});

test("a body of 64 MiB in odd chunks arrives identical", () => {
  const data = new Uint8Array(64 * 1024 * 1024);
  // A pattern whose period is no power of two shows blocks in the wrong place.
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + (i >>> 16)) % 251;
  const stream = encodeRequest(PacketType.SUBMIT_JOB, { args: ["f", "u"], data });
  let taken: Uint8Array | undefined;
  const decoder = new PacketDecoder(packetsTo((packet) => taken = packet.takeData()), LIMITS);
  const random = new Random(1);
  for (let at = 0; at < stream.length;) {
    const size = random.pick([1, 11, 12, 13, 4095, 65_535, 65_536, 99_991, 1_000_003]);
    decoder.push(stream.slice(at, at + size));
    at += size;
  }
  assert.ok(taken !== undefined);
  assert.equal(Buffer.compare(taken, data), 0);
  assert.equal(decoder.heldBytes, 0);
});

test("data that is kept stays as it was while the decoder goes on", () => {
  for (const size of [0, 1, 100, 4084, 4085, 5000, 100_000]) {
    const kept: Uint8Array[] = [];
    const decoder = new PacketDecoder(
      packetsTo((packet) => kept.push(packet.takeData(), packet.takeBody())),
      LIMITS,
    );
    const read = Buffer.alloc(70_000);
    for (let round = 1; round <= 6; round++) {
      const data = new Uint8Array(size).fill(round);
      const stream = encodeRequest(PacketType.ECHO_REQ, { data });
      for (const part of cut(stream, round % 2 === 0 ? [] : [Math.floor(stream.length / 2)])) {
        for (let at = 0; at < part.length; at += read.length) {
          // One buffer for all reads, as runtimes do; Node's kind, whose slice() shares memory.
          const length = Buffer.from(part).copy(read, 0, at);
          decoder.push(read.subarray(0, length));
        }
      }
    }
    read.fill(0xff);
    assert.equal(kept.length, 12);
    kept.forEach((bytes, i) => {
      const expected = new Uint8Array(size).fill(1 + (i >> 1));
      assert.equal(Buffer.compare(bytes, expected), 0, `size ${size}, item ${i}`);
    });
  }
});

test("a large body that came in parts is handed out without a copy", () => {
  const stream = encodeRequest(PacketType.ECHO_REQ, { data: new Uint8Array(100_000).fill(7) });
  const decoder = new PacketDecoder(
    packetsTo((packet) => {
      assert.ok(packet.ownsBuffer);
      assert.equal(packet.takeData().buffer, packet.buffer.buffer);
      assert.equal(packet.takeBody().buffer, packet.buffer.buffer);
      assert.equal(packet.buffer.length, stream.length, "no memory beyond the packet");
    }),
    LIMITS,
  );
  for (const part of cut(stream, [5, 40_000])) decoder.push(part);
  assert.equal(decoder.heldBytes, 0);
});

test("stop() in the middle of a chunk delivers nothing more, then or later", () => {
  for (const stream of [MIXED, joined([ECHO, encodeText("a\nb\n"), ECHO])]) {
    for (const chunks of [[stream], byteByByte(stream), cut(stream, [20])]) {
      const seen: string[] = [];
      const note = (what: string) => {
        seen.push(what);
        if (seen.length === 2) decoder.stop();
      };
      const decoder: PacketDecoder = new PacketDecoder({
        packet: (packet) => note(packet.shape.name),
        malformed: () => note("malformed"),
        line: note,
      }, LIMITS);
      for (const chunk of chunks) decoder.push(chunk);
      assert.equal(seen.length, 2);
      assert.equal(decoder.heldBytes, 0);
    }
  }
});

test("after an error nothing more is delivered or kept", () => {
  const sink = new RecordingSink();
  const decoder = new PacketDecoder(sink, LIMITS);
  assert.throws(() => decoder.push(joined([ECHO, header(99, 0), ECHO])), { code: "UNKNOWN_TYPE" });
  decoder.push(ECHO);
  assert.deepEqual(sink.delivered, [ECHO_DELIVERED]);
  assert.equal(decoder.heldBytes, 0);
});

test("an error that a sink throws comes out of push() and ends the stream", () => {
  const fault = new Error("from the sink");
  const decoder = new PacketDecoder(
    packetsTo(() => {
      throw fault;
    }),
    LIMITS,
  );
  assert.throws(() => decoder.push(joined([ECHO, ECHO])), fault);
  decoder.push(ECHO);
  assert.equal(decoder.heldBytes, 0);
});
