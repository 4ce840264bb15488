import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  bytesOf,
  byteStringFrom,
  byteStringFromText,
  encodePacket,
  encodeReply,
  encodeRequest,
  ErrorReply,
  MAGIC_REPLY,
  MAGIC_REQUEST,
  PACKET_SHAPES,
  type PacketShape,
  packetShape,
  PacketType,
  textOf,
  writeByteString,
} from "../../src/protocol/mod.ts";
import { Random, seedFrom } from "../support/mod.ts";
import { byteByByte, decoded, hex } from "./recording_sink.ts";

/** The table of protocol section 2, as it stands there. */
const SPECIFIED = `
| 1 | CAN_DO | W→J | function |
| 2 | CANT_DO | W→J | function |
| 3 | RESET_ABILITIES | W→J | – |
| 4 | PRE_SLEEP | W→J | – |
| 5 | (unused) | – | – |
| 6 | NOOP | J→W | – |
| 7 | SUBMIT_JOB | C→J | function\0 unique\0 +data |
| 8 | JOB_CREATED | J→C | handle |
| 9 | GRAB_JOB | W→J | – |
| 10 | NO_JOB | J→W | – |
| 11 | JOB_ASSIGN | J→W | handle\0 function\0 +data |
| 12 | WORK_STATUS | W→J→C | handle\0 numerator\0 denominator |
| 13 | WORK_COMPLETE | W→J→C | handle\0 +data |
| 14 | WORK_FAIL | W→J→C | handle |
| 15 | GET_STATUS | C→J | handle |
| 16 | ECHO_REQ | any→J | +data |
| 17 | ECHO_RES | J→any | +data |
| 18 | SUBMIT_JOB_BG | C→J | function\0 unique\0 +data |
| 19 | ERROR | J→any | code\0 text |
| 20 | STATUS_RES | J→C | handle\0 known\0 running\0 numerator\0 denominator |
| 21 | SUBMIT_JOB_HIGH | C→J | as 7 |
| 22 | SET_CLIENT_ID | W→J | id |
| 23 | CAN_DO_TIMEOUT | W→J | function\0 timeout (decimal, **milliseconds**) |
| 24 | ALL_YOURS | W→J | – (refused) |
| 25 | WORK_EXCEPTION | W→J→C | handle\0 +data |
| 26 | OPTION_REQ | any→J | option |
| 27 | OPTION_RES | J→any | option |
| 28 | WORK_DATA | W→J→C | handle\0 +data |
| 29 | WORK_WARNING | W→J→C | handle\0 +data |
| 30 | GRAB_JOB_UNIQ | W→J | – |
| 31 | JOB_ASSIGN_UNIQ | J→W | handle\0 function\0 unique\0 +data |
| 32 | SUBMIT_JOB_HIGH_BG | C→J | as 7 |
| 33 | SUBMIT_JOB_LOW | C→J | as 7 |
| 34 | SUBMIT_JOB_LOW_BG | C→J | as 7 |
| 35 | SUBMIT_JOB_SCHED | C→J | function\0 unique\0 minute\0 hour\0 mday\0 month\0 wday\0 +data (refused) |
| 36 | SUBMIT_JOB_EPOCH | C→J | function\0 unique\0 epoch-seconds\0 +data |
| 37 | SUBMIT_REDUCE_JOB | C→J | function\0 unique\0 reducer\0 (4th, ignored)\0 +data |
| 38 | SUBMIT_REDUCE_JOB_BACKGROUND | C→J | as 37 |
| 39 | GRAB_JOB_ALL | W→J | – |
| 40 | JOB_ASSIGN_ALL | J→W | handle\0 function\0 unique\0 reducer\0 +data |
| 41 | GET_STATUS_UNIQUE | C→J | unique |
| 42 | STATUS_RES_UNIQUE | J→C | unique\0 known\0 running\0 numerator\0 denominator\0 client-count |
`;

const SPECIFIED_ROWS = SPECIFIED.trim().split("\n")
  .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));

/** The specified row as a shape. */
function specifiedShape([number, name, direction, body]: readonly string[]): PacketShape {
  const like = /^as (\d+)$/.exec(body!);
  const described = like === null ? body! : SPECIFIED_ROWS[Number(like[1]) - 1]![3]!;
  const names = described
    .replace("(4th, ignored)", "ignored").replace(/ \(.*\)$/, "").replace(/^–$/, "")
    .replace("epoch-seconds", "epoch").replace("client-count", "clients")
    .replaceAll("\0", "").split(" ").filter((word) => word !== "");
  return {
    type: Number(number) as PacketType,
    name: (name === "(unused)" ? "UNUSED" : name) as PacketShape["name"],
    direction: direction === "W→J→C" ? "both" : /→J$/.test(direction!) ? "request" : "reply",
    args: names.filter((word) => word !== "+data"),
    data: names.includes("+data"),
  };
}

test("every packet has the number, name, direction and arguments of protocol section 2", () => {
  assert.equal(SPECIFIED_ROWS.length, 42);
  for (const row of SPECIFIED_ROWS) {
    assert.deepEqual(packetShape(Number(row[0])), specifiedShape(row));
  }
  assert.equal(PACKET_SHAPES.length, 43);
  assert.equal(Object.keys(PacketType).length, 42);
});

test("numbers outside 1 to 42 are no packet", () => {
  for (const type of [-1, 0, 43, 0x7fffffff, 0x80000000, 0xffffffff, 1.5, NaN]) {
    assert.equal(packetShape(type), undefined);
  }
});

test("what is encoded is decoded again, for every type and any content", () => {
  const random = new Random(seedFrom(process.env));
  for (let round = 0; round < 2000; round++) {
    const shape = PACKET_SHAPES[1 + round % 42]!;
    const args = shape.args.map(() => random.name(random.chance(0.1) ? 200 : random.below(12)));
    const data = shape.data ? byteStringFrom(random.bytes(random.below(80))) : null;
    const magic = random.pick([MAGIC_REQUEST, MAGIC_REPLY]);
    const asBytes = random.chance(0.5);
    const encoded = encodePacket(magic, shape.type, {
      args: asBytes ? args.map(bytesOf) : args,
      ...(data === null ? {} : { data: asBytes ? bytesOf(data) : data }),
    });
    const expected = [{ packet: shape.name, magic, args, data }];
    const told = `seed ${random.seed}, round ${round}, ${shape.name}`;
    assert.deepEqual(decoded([encoded]), expected, told);
    assert.deepEqual(decoded(byteByByte(encoded)), expected, told);
  }
});

test("the last argument of a packet without data may hold NULs, as it came", () => {
  const packet = encodeRequest(PacketType.CAN_DO, { args: ["f\0"] });
  assert.deepEqual(packet, hex('00 "REQ" 00 00 00 01 00 00 00 02 "f" 00'));
  assert.deepEqual(decoded([packet]), [
    { packet: "CAN_DO", magic: MAGIC_REQUEST, args: ["f\0"], data: null },
  ]);
});

test("a size of more than 16 million is written big-endian", () => {
  const data = new Uint8Array(0x01020304 - 4);
  const packet = encodeReply(PacketType.WORK_COMPLETE, { args: ["H:1"], data });
  assert.deepEqual(packet.subarray(0, 16), hex('00 "RES" 00 00 00 0d 01 02 03 04 "H:1" 00'));
  assert.equal(packet.length, 12 + 0x01020304);
});

test("the encoder refuses what does not fit the type", () => {
  const refused: readonly (() => Uint8Array)[] = [
    () => encodeRequest(PacketType.SUBMIT_JOB, { args: ["f"], data: "x" }),
    () => encodeRequest(PacketType.SUBMIT_JOB, { args: ["f", "u", "x"] }),
    () => encodeRequest(PacketType.CAN_DO),
    () => encodeRequest(PacketType.GRAB_JOB, { args: ["f"] }),
    () => encodeRequest(PacketType.CAN_DO, { args: ["f"], data: "x" }),
    () => encodeRequest(PacketType.GRAB_JOB, { data: "" }),
    () => encodeRequest(PacketType.SUBMIT_JOB, { args: ["f\0g", "u"] }),
    () => encodeRequest(PacketType.SUBMIT_JOB, { args: ["f", bytesOf("u\0")] }),
    () => encodeReply(PacketType.WORK_STATUS, { args: ["H:1", "1\0", "2"] }),
    () => encodePacket(MAGIC_REQUEST, 43 as PacketType, {}),
    () => encodePacket(MAGIC_REQUEST, 0 as PacketType, {}),
  ];
  for (const encode of refused) assert.throws(encode, RangeError, String(encode));
  assert.throws(
    () => encodeRequest(PacketType.SUBMIT_JOB, { args: ["f"] }),
    { message: "Cannot encode SUBMIT_JOB: it takes (function, unique) and data, got 1 arguments" },
  );
});

test("all 256 byte values survive in byte strings, short and long", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = byteStringFrom(all);
  assert.equal(text.length, 256);
  for (let value = 0; value < 256; value++) {
    assert.equal(text.charCodeAt(value), value);
    // Short ones take another way than long ones.
    assert.equal(byteStringFrom(Uint8Array.of(value)).charCodeAt(0), value);
  }
  assert.deepEqual(bytesOf(text), all);
  for (let length = 0; length <= 256; length++) {
    assert.deepEqual(bytesOf(byteStringFrom(all, 256 - length)), all.subarray(256 - length));
    assert.deepEqual(bytesOf(byteStringFrom(all, 0, length)), all.subarray(0, length));
  }
});

test("bytes 0x80 to 0x9f are not read as windows-1252", () => {
  assert.equal(byteStringFrom(hex("80 99 9f")), "\u0080\u0099\u009f");
  const long = new Uint8Array(100).fill(0x80);
  assert.equal(byteStringFrom(long), "\u0080".repeat(100));
  assert.equal(new TextDecoder("latin1").decode(hex("80")), "\u20ac");
});

test("byte strings are read from the right place of a larger buffer", () => {
  const whole = bytesOf("....".repeat(20) + "name".repeat(20) + "....");
  const part = whole.subarray(80);
  assert.equal(byteStringFrom(part, 4, 8), "name");
  assert.equal(byteStringFrom(part, 0, 80), "name".repeat(20));
});

test("a byte string is written at its place and nowhere else", () => {
  const target = new Uint8Array(6).fill(1);
  assert.equal(writeByteString(target, 2, "\u0000\u00ff"), 4);
  assert.deepEqual(target, hex("01 01 00 ff 01 01"));
});

test("text becomes the byte string of its UTF-8 form and back", () => {
  for (const text of ["", "abc", "é", "€", "日本", "\u{1f600}", "\ufeffmark", "a\0b"]) {
    const bytes = byteStringFromText(text);
    assert.ok([...bytes].every((char) => char.charCodeAt(0) < 256));
    assert.equal(textOf(bytes), text);
  }
  assert.equal(byteStringFromText("é"), "\u00c3\u00a9");
});

test("bytes that are not UTF-8 are shown one character each", () => {
  assert.equal(textOf("\u00e9t\u00e9"), "été");
  assert.equal(textOf("\u00ff\u0080"), "\u00ff\u0080");
});

test("every ERROR has the code and text of protocol section 4", () => {
  const specified = [
    ["INVALID_MAGIC", "Request magic expected"],
    ["INVALID_COMMAND", "Command not expected"],
    ["ARGUMENT_TOO_LARGE", "Unique value too large"],
    [
      "ARGUMENT_TOO_LARGE",
      "Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
    ],
    ["QUEUE_ERROR", "Job queue is full"],
    ["QUEUE_ERROR", "QUEUE_ERROR"],
    ["UNKNOWN_OPTION", "Server does not recognize given option"],
    ["JOB_NOT_FOUND", "Job given in work result not found"],
    ["JOB_NOT_FOUND", "Job does not exist on server"],
    ["JOB_NOT_FOUND", "An exception was received for a job that does not exist"],
  ];
  const known = Object.values(ErrorReply).map(({ code, text }) => `${code} ${text}`);
  for (const [code, text] of specified) assert.ok(known.includes(`${code} ${text}`), text ?? "");
});
