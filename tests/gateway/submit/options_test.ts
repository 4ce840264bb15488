import assert from "node:assert/strict";
import test from "node:test";
import { schemaErrors } from "../../../src/gateway/json_schema.ts";
import { Problem } from "../../../src/gateway/problem.ts";
import { parseJson } from "../../../src/gateway/request_call.ts";
import { readEnvelope } from "../../../src/gateway/submit/envelope.ts";
import { idempotencyOf } from "../../../src/gateway/submit/idempotency.ts";
import { type OptionContext, parseJobOptions } from "../../../src/gateway/submit/job_options.ts";
import { elementSlices, memberSlices } from "../../../src/gateway/submit/json_slices.ts";
import { lineBatches } from "../../../src/gateway/submit/line_batches.ts";
import type { OptionSource } from "../../../src/gateway/submit/option_reader.ts";
import { headersOf, OPTION_PARAMETERS } from "../../../src/gateway/submit/option_parameters.ts";
import { parsePrefer } from "../../../src/gateway/submit/prefer.ts";
import { parseDuration, parseMoment, secondsText } from "../../../src/gateway/times.ts";
import { byteStringFromText } from "../../../src/protocol/mod.ts";

const NOW = 1_700_000_000_500;

function source(options: Record<string, string>): OptionSource {
  return {
    text: (name) => options[name],
    bytes: (name) => options[name] === undefined ? undefined : byteStringFromText(options[name]),
    idempotencyKey: () => options["key"],
    pointer: (name) => name,
  };
}

function parsed(options: Record<string, string>, context: Partial<OptionContext> = {}) {
  return parseJobOptions(source(options), {
    functionName: "f",
    preferences: { respondAsync: false, wait: undefined },
    now: NOW,
    config: { syncMs: 60_000, longestSyncMs: 100_000, longestWaitMs: 60_000, retainMs: 3_600_000 },
    bulk: false,
    ...context,
  });
}

/** Names of the options that are wrong. */
function wrong(options: Record<string, string>, context: Partial<OptionContext> = {}): string[] {
  try {
    parsed(options, context);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.type, "invalid-request");
    return error.extras.errors!.map(({ pointer }) => pointer);
  }
  return [];
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test("durations have units, or are seconds", () => {
  assert.equal(parseDuration("30"), 30_000);
  assert.equal(parseDuration("30s"), 30_000);
  assert.equal(parseDuration("1.5m"), 90_000);
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration("2h"), 7_200_000);
  assert.equal(parseDuration("1d"), 86_400_000);
  assert.equal(parseDuration("1w"), 604_800_000);
  for (const text of ["", "s", "-1s", "1 s", "1y", "1e3", "0x10", "1.s", "9999999999999"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("moments are RFC 3339 or epoch seconds", () => {
  assert.equal(parseMoment("1767225600"), 1767225600);
  assert.equal(parseMoment("2026-01-01T00:00:00Z"), 1767225600);
  assert.equal(parseMoment("2026-01-01t02:30:00+02:30"), 1767225600);
  assert.equal(parseMoment("2026-01-01T02:00:00 02:00"), 1767225600, "a query's + is a blank");
  assert.equal(parseMoment("2025-12-31T16:00:00-08:00"), 1767225600);
  assert.equal(parseMoment("2025-12-31T23:59:59.001Z"), 1767225600, "rounded up");
  assert.equal(parseMoment("2025-12-31T23:59:60Z"), 1767225600, "a leap second");
  assert.equal(parseMoment("2024-02-29T00:00:00Z"), 1709164800);
  assert.equal(parseMoment("1960-01-01T00:00:00Z"), 0);
  assert.equal(parseMoment("0001-01-01T00:00:00Z"), 0);
  assert.equal(parseMoment("9999-12-31T23:59:59Z"), 253402300799);
  for (
    const text of [
      "",
      "tomorrow",
      "-1",
      "1.5",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-02-30T00:00:00Z",
      "2025-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:60:00Z",
      "2026-01-01T00:00:00+24:00",
      "253402300800",
    ]
  ) assert.equal(parseMoment(text), undefined, text);
});

test("Prefer is read as RFC 7240 has it", () => {
  assert.deepEqual(parsePrefer(null), { respondAsync: false, wait: undefined });
  assert.deepEqual(parsePrefer("respond-async, wait=10"), { respondAsync: true, wait: 10 });
  assert.deepEqual(parsePrefer('Wait="5"; x=1, handling=lenient'), {
    respondAsync: false,
    wait: 5,
  });
  assert.deepEqual(parsePrefer("wait=3, wait=9").wait, 3, "the first counts");
  assert.equal(parsePrefer('respond-async="", wait=00012').wait, 12);
});

test("a preference that is known, its value being none, is refused rather than passed over", () => {
  for (const wait of ["wait=5s", "wait=soon", "wait=-1", "wait=1.5", "wait", "wait=9e9"]) {
    assert.throws(() => parsePrefer(wait), {
      message: "Cannot submit the job: Prefer: wait must be a whole number of seconds, like wait=5",
      type: "invalid-request",
    }, wait);
  }
  assert.throws(() => parsePrefer("respond-async=false"), /respond-async has no value/);
  assert.equal(
    parsePrefer("waits=5s, return=minimal").wait,
    undefined,
    "others are none of its own",
  );
});

test("what went wrong is said in words", () => {
  const detail = (step: () => unknown) => {
    try {
      step();
    } catch (error) {
      assert.ok(error instanceof Problem);
      return error.extras.errors!.map((one) => one.detail);
    }
    return [];
  };
  assert.deepEqual(detail(() => parsed({ delay: "soon" })), [
    "delay must be like 30s, 5m, 2h or 1d, or a number of seconds",
  ]);
  const schema = OPTION_PARAMETERS.find(({ name }) => name === "delay")!.schema;
  assert.deepEqual(schemaErrors(schema, "soon").map((one) => one.detail), [
    "must be like 30s, 5m, 2h or 1d, or a number of seconds",
  ]);
  assert.deepEqual(schemaErrors(schema, "1d"), []);
  const envelope = bytes('{"function":"f","priorty":"high","zzz":1}');
  assert.deepEqual(detail(() => readEnvelope(envelope, parseJson(envelope))), [
    'priorty is not known here (did you mean "priority"?)',
    "zzz is not known here",
  ]);
  assert.equal(secondsText(1000), "1 second");
  assert.equal(secondsText(100), "0.1 seconds");
});

test("without options a job is a foreground job of normal priority", () => {
  const options = parsed({});
  assert.equal(options.background, false);
  assert.equal(options.priority, 1);
  assert.equal(options.notBefore, 0);
  assert.equal(options.timeoutMs, 60_000);
  assert.equal(options.retainMs, 0);
  assert.equal(options.unique, "");
});

test("what is delayed, scheduled or waited for later is a background job", () => {
  assert.equal(parsed({ delay: "1.2s" }).notBefore, 1_700_000_002, "whole seconds, not too early");
  assert.equal(parsed({ delay: "5m" }).background, true);
  assert.equal(parsed({ delay: "0" }).notBefore, 0);
  assert.equal(parsed({ run_at: "1767225600" }).notBefore, 1767225600);
  assert.equal(parsed({ cron: "* * * * *", tz: "UTC" }).background, true);
  assert.equal(parsed({ wait: "5" }).waitMs, 5000);
  assert.equal(parsed({ wait: "5" }).background, true);
  assert.equal(parsed({ background: "true" }).retainMs, 3_600_000);
  const preferences = { respondAsync: true, wait: 300 };
  const preferred = parsed({}, { preferences });
  assert.equal(preferred.waitMs, 60_000, "no more than is granted");
  assert.equal(preferred.preferenceApplied, "respond-async, wait=60");
  for (const option of ["delay", "run_at", "cron", "wait"]) {
    const value = option === "cron" ? "* * * * *" : "10";
    assert.deepEqual(wrong({ background: "false", [option]: value }), ["background"], option);
  }
  assert.deepEqual(wrong({ background: "false" }, { preferences }), ["background"]);
});

test("wrong options are all named at once", () => {
  assert.deepEqual(
    wrong({
      priority: "urgent",
      delay: "soon",
      unique: "u".repeat(65),
      reducer: "",
      retain: "8d",
      require_worker: "yes",
    }).sort(),
    ["delay", "priority", "reducer", "require_worker", "retain", "unique"],
  );
  assert.deepEqual(wrong({ delay: "5", run_at: "1767225600" }), ["delay"]);
  assert.deepEqual(wrong({ tz: "UTC" }), ["tz"]);
  assert.deepEqual(wrong({ timeout: "101" }), ["timeout"]);
  assert.deepEqual(wrong({ timeout: "0" }), ["timeout"]);
  assert.deepEqual(wrong({ wait: "61" }), ["wait"]);
  assert.deepEqual(wrong({ unique: "a\0b" }), ["unique"]);
  assert.deepEqual(wrong({ retain: "5m" }), ["retain"], "a synchronous call keeps no outcome");
  assert.deepEqual(wrong({ timeout: "5", background: "true" }), ["timeout"]);
  assert.deepEqual(wrong({ stream: "true", delay: "5" }), ["stream"]);
  assert.deepEqual(wrong({ cron: "* * * * *", delay: "5" }), ["delay"]);
  assert.deepEqual(wrong({}, { functionName: "" }), ["function"]);
  assert.deepEqual(wrong({}, { functionName: "f".repeat(512) }), ["function"]);
  assert.deepEqual(wrong({}, { functionName: "f".repeat(511) }), []);
});

test("options of later versions are refused, not passed over", () => {
  for (const option of ["attempts", "backoff", "ttl", "max_run", "callback"]) {
    assert.deepEqual(wrong({ [option]: "1" }), [option]);
  }
});

test("a longer unique ID is hashed when that is asked for", () => {
  const long = "ü".repeat(60);
  assert.deepEqual(wrong({ unique: long }), ["unique"]);
  const { unique } = parsed({ unique: long, unique_hash: "true" });
  assert.match(unique, /^[0-9a-f]{64}$/);
  assert.equal(parsed({ unique: long, unique_hash: "" }).unique, unique);
  assert.equal(parsed({ unique: "short", unique_hash: "true" }).unique, "short");
  assert.equal(parsed({ unique: "u".repeat(64) }).unique.length, 64);
});

test("an Idempotency-Key may be in quotes, and has a length", () => {
  assert.equal(parsed({ key: "abc" }).idempotencyKey, "abc");
  assert.equal(parsed({ key: '"abc def"' }).idempotencyKey, "abc def");
  assert.equal(parsed({ key: "k".repeat(255) }).idempotencyKey?.length, 255);
  for (const key of ["", '""', "k".repeat(256), "ü", "a\tb"]) {
    assert.deepEqual(wrong({ key }), ["Idempotency-Key"], key);
  }
});

test("each option has its headers", () => {
  assert.deepEqual(headersOf("run_at"), ["Gearman-Run-At", "X-Gearman-Run-At"]);
});

test("a JSON payload keeps its bytes", () => {
  const payload = '{ "n": 12345678901234567890.10, "e": 1E5, "t": "ä\\u00e4\\"}]," , "x":[1, {}] }';
  const json = bytes(` {"function":"f" , "payload" :\t${payload}\n, "unique":"\\"payload\\":1"}`);
  const { workload, functionName } = readEnvelope(json, parseJson(json));
  assert.equal(new TextDecoder().decode(workload), payload);
  assert.equal(functionName, "f");
  for (const value of ["null", "0", '""', "[]", "true"]) {
    const text = bytes(`{"payload":${value}}`);
    assert.equal(new TextDecoder().decode(readEnvelope(text, parseJson(text)).workload), value);
  }
  const twice = bytes('{"payload":1,"payload":2,"\\u0070ayload":3}');
  assert.equal(new TextDecoder().decode(readEnvelope(twice, parseJson(twice)).workload), "3");
});

test("slices of JSON are what JSON.parse finds", () => {
  const values: unknown[] = [
    [],
    {},
    [[], [[]], {}, "", "\\", '\\"', "a,b]", 1, null],
    { "": 1, "a,b": [1, { c: "}" }], "\u{1F600}": "\u2028", '"': '"\\' },
  ];
  for (const value of values) {
    for (const space of [0, 2, "\t"]) {
      const json = bytes(JSON.stringify(value, null, space));
      const decode = (slice: Uint8Array) => JSON.parse(new TextDecoder().decode(slice));
      if (Array.isArray(value)) assert.deepEqual(elementSlices(json).map(decode), value);
      else {
        const found = [...memberSlices(json)].map(([name, slice]) => [name, decode(slice)]);
        assert.deepEqual(Object.fromEntries(found), value);
      }
    }
  }
});

test("payloads are text, Base64 of either alphabet, or nothing", () => {
  const workload = (envelope: unknown) => {
    const json = bytes(JSON.stringify(envelope));
    return [...readEnvelope(json, parseJson(json)).workload];
  };
  assert.deepEqual(workload({}), []);
  assert.deepEqual(workload({ payload_text: "ä" }), [0xc3, 0xa4]);
  assert.deepEqual(workload({ payload_base64: "+/8A" }), [0xfb, 0xff, 0]);
  assert.deepEqual(workload({ payload_base64: "-_8A" }), [0xfb, 0xff, 0]);
  assert.deepEqual(workload({ payload_base64: "AA==" }), [0]);
  assert.deepEqual(workload({ payload_base64: "AA" }), [0]);
  assert.deepEqual(workload({ payload_base64: "" }), []);
  for (const wrong of ["A", "AA=", "A=A=", "AAA\n", "ä", "====", "AAAAA"]) {
    assert.throws(() => workload({ payload_base64: wrong }), Problem, wrong);
  }
});

test("an envelope's faults are named by pointers", () => {
  const pointers = (envelope: unknown, at = "") => {
    const json = bytes(JSON.stringify(envelope));
    try {
      readEnvelope(json, envelope, at);
    } catch (error) {
      return (error as Problem).extras.errors!.map(({ pointer }) => pointer);
    }
    return [];
  };
  assert.deepEqual(pointers([]), [""]);
  assert.deepEqual(pointers(null), [""]);
  assert.deepEqual(pointers({ "a/b~": 1, priority: {} }, "/7"), ["/7/a~1b~0", "/7/priority"]);
  assert.deepEqual(pointers({ payload: 1, payload_text: "1" }), ["/payload_text"]);
  assert.deepEqual(pointers({ function: 3, payload_base64: 4 }), ["/function", "/payload_base64"]);
  const half = "a\ud800";
  assert.deepEqual(pointers({ function: half, unique: half, payload_text: half }), [
    "/function",
    "/unique",
    "/payload_text",
  ]);
  assert.deepEqual(pointers({ function: "\ud83d\ude00", payload: half }), [], "JSON can spell it");
});

test("a key's hash is its caller's, a fingerprint the request's", () => {
  const request = {
    caller: "a",
    key: "bc",
    operation: "POST /jobs/{name}",
    options: parsed({ unique: "u" }),
    workload: bytes("w"),
    expiresAt: 1,
  };
  const { keyHash, fingerprint } = idempotencyOf(request);
  assert.match(keyHash, /^[0-9a-f]{64}$/);
  assert.notEqual(idempotencyOf({ ...request, caller: "ab", key: "c" }).keyHash, keyHash);
  assert.notEqual(idempotencyOf({ ...request, part: 0 }).keyHash, keyHash);
  for (
    const other of [
      { options: parsed({ unique: "v" }) },
      { options: parsed({ unique: "u", background: "true" }) },
      { options: parsed({ unique: "u" }, { functionName: "g" }) },
      { workload: bytes("x") },
      { operation: "POST /jobs" },
    ]
  ) assert.notEqual(idempotencyOf({ ...request, ...other }).fingerprint, fingerprint);
  const waitsOtherwise = { ...request, options: parsed({ unique: "u", timeout: "5" }) };
  assert.equal(idempotencyOf(waitsOtherwise).fingerprint, fingerprint);
  assert.equal(idempotencyOf(waitsOtherwise).keyHash, keyHash);
});

test("lines are cut wherever the pieces break", async () => {
  const text = "one\n\n  \r\ntwo\r\nthree\nfour";
  async function* pieces(size: number) {
    for (let at = 0; at < text.length; at += size) {
      yield await Promise.resolve(bytes(text.slice(at, at + size)));
    }
  }
  for (const size of [1, 2, 3, 5, 100]) {
    const lines: string[] = [];
    for await (const batch of lineBatches(pieces(size), { maxLineBytes: 10, maxLines: 2 })) {
      assert.ok(batch.length >= 1 && batch.length <= 2);
      lines.push(...batch.map((line) => new TextDecoder().decode(line).trim()));
    }
    assert.deepEqual(lines, ["one", "two", "three", "four"], `pieces of ${size}`);
  }
  await assert.rejects(async () => {
    for await (const _ of lineBatches(pieces(1), { maxLineBytes: 4, maxLines: 2 }));
  }, { type: "payload-too-large" });
});
