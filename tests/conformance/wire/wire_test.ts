import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AdminCommand,
  ErrorReply,
  PACKET_SHAPES,
  parseAdminLine,
} from "../../../src/protocol/mod.ts";
import { ownFlavour, startCogd } from "../../support/mod.ts";
import { listedDifferences } from "./differences.ts";
import { own } from "./marks.ts";
import { play } from "./player.ts";
import { GROUPS } from "./scenarios/mod.ts";
import {
  ask,
  askText,
  differs,
  everyStep,
  list,
  type Message,
  req,
  res,
  send,
  type Step,
  steps,
} from "./script.ts";
import { cogdTarget, GEARMAND, playAll } from "./targets.ts";

const SCENARIOS = GROUPS.flatMap((group) => group.scenarios);
const STEPS: readonly Step[] = SCENARIOS.flatMap(({ steps }) => [...everyStep(steps)]);

/** On Deno both runtimes are tested, so that one command compares all; on Bun it is Bun's turn only. */
const TARGETS = [
  GEARMAND,
  ...(ownFlavour() === "bun" ? ["bun" as const] : ["deno" as const, "bun" as const]).map(
    cogdTarget,
  ),
];

for (const target of TARGETS) {
  test(`wire scripts: ${target.name} answers as written`, { skip: target.missing() }, async () => {
    const failures = await playAll(target);
    assert.equal(failures.length, 0, `${failures.length} scripts:\n\n${failures.join("\n\n")}`);
  });
}

test("wire scripts: a server that does otherwise is caught, and the step is named", async () => {
  await using server = await startCogd({ args: ["--queue-type=builtin"] });
  const otherwise: readonly (readonly [Step, RegExp])[] = [
    [ask("c", req("ECHO_REQ", "a"), res("ECHO_RES", "b")), /step 2 \(receive c\): expected .*b"/],
    [ask("c", req("ECHO_REQ", "a"), res("ECHO_RES", "a\0")), /step 2 .* received .*a"/],
    [askText("c", "version\n", "OK 9\n"), /step 2 \(receive c\)/],
    [send("c", req("ECHO_REQ", "unsaid")), /step 2 \(silent c\): .* received .*unsaid/],
    [steps(send("c", req("CAN_DO", own("f"))), list("c", "status\n")), /received \[".*f\\t0/],
    [list("c", "status\n", own("f")), /expected the lines \["s005f"\], received \[\]/],
    [
      differs("create-takes-the-word", {
        gearmand: [
          askText("c", `create function ${own("foo")}\n`, "OK\r\n"),
          list("c", "status\n", `${own("fo")}\t0\t0\t0`),
        ],
        cogd: [],
      }),
      /step 3 \(list c\)/,
    ],
  ];
  const stage = { side: "gearmand", port: server.port, hostname: server.address } as const;
  for (const [index, [step, message]] of otherwise.entries()) {
    await assert.rejects(play({ name: "", steps: [step] }, stage, index), { message });
  }
});

test("wire scripts: each difference is listed in docs/differences.md, and each listed one is shown", () => {
  const shown = STEPS.flatMap((step) => step.do === "differs" ? [step.entry] : []);
  const listed = listedDifferences();
  assert.deepEqual([...new Set(shown)].sort(), [...listed].sort());
});

test("wire scripts: both sides of a difference are written down, and differ", () => {
  for (const step of STEPS) {
    if (step.do !== "differs") continue;
    assert.ok(step.gearmand.length > 0 && step.cogd.length > 0, step.entry);
    assert.notDeepEqual(step.gearmand, step.cogd, step.entry);
  }
});

test("wire scripts: names are unique", () => {
  const names = SCENARIOS.map(({ name }) => name);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

test("wire scripts: every packet, every error and every command occurs", () => {
  const sent = new Set(requests().map(({ head }) => head?.type));
  const received = new Set(replies().map(({ head }) => head?.type));
  for (const shape of PACKET_SHAPES) {
    if (shape === undefined) continue;
    assert.ok(sent.has(shape.type), `${shape.name} is not sent`);
    const comes = shape.direction !== "request" && shape.name !== "UNUSED";
    if (comes) assert.ok(received.has(shape.type), `${shape.name} is not expected`);
  }
  const bodies = new Set(replies().map(({ body }) => body));
  for (const [name, { code, text }] of Object.entries(ErrorReply)) {
    // The store's refusals need a store that refuses.
    if (name !== "QUEUE_REFUSED") {
      assert.ok(bodies.has(`${code}\0${text}`), `${name} is not expected`);
    }
  }
  const asked = new Set(lines().map((line) => parseAdminLine(line).kind));
  for (const kind of Object.keys(COMMANDS)) {
    assert.ok(asked.has(kind as AdminCommand["kind"]), `${kind} is not asked`);
  }
});

const COMMANDS: Readonly<Record<AdminCommand["kind"], true>> = {
  "status": true,
  "prioritystatus": true,
  "workers": true,
  "version": true,
  "verbose": true,
  "getpid": true,
  "show jobs": true,
  "show unique jobs": true,
  "cancel job": true,
  "create function": true,
  "drop function": true,
  "maxqueue": true,
  "refused": true,
};

function requests(): Message[] {
  return STEPS.flatMap((step) => {
    if (step.do === "send") return step.messages;
    return step.do === "until" ? [step.request] : [];
  });
}

function replies(): Message[] {
  return STEPS.flatMap((step) => {
    if (step.do === "receive") return step.messages;
    return step.do === "until" ? [step.reply] : [];
  });
}

/** Text lines that are read as commands, without their ends. */
function lines(): string[] {
  const texts = requests().flatMap(({ head, body }) => head === undefined ? [body] : []);
  const listings = STEPS.flatMap((step) => step.do === "list" ? [step.command] : []);
  return [...texts, ...listings].flatMap((part) => part.split(/\r?\n/))
    .filter((line) => !line.startsWith("\0") && line.split(" ").length <= 5);
}
