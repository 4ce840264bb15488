import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { WakeUpPolicy } from "../../src/core/mod.ts";
import { Random, seedFrom } from "../support/mod.ts";
import { BROKEN_PARTS } from "./broken_parts.ts";
import { Interleaving, type Setting } from "./interleaving.ts";
import { type Operation, randomOperations, shrunk } from "./operations.ts";

const POLICIES: readonly WakeUpPolicy[] = ["one per job", 0, 1, 2];
/** Interleavings per policy; more by the environment variable. */
const RUNS = Number(process.env["COGD_PROPERTY_RUNS"] ?? 300);

interface Finding {
  readonly seed: number;
  readonly setting: Setting;
  readonly message: string;
  readonly operations: readonly Operation[];
}

/** What is wrong with the server when it does these steps; undefined when nothing is. */
function fault(setting: Setting, operations: readonly Operation[]): string | undefined {
  try {
    new Interleaving(setting).play(operations);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Plays one random interleaving; a failing one is made as short as it still fails. */
function explore(seed: number, wakeUps: WakeUpPolicy): Finding | undefined {
  const random = new Random(seed);
  const setting = {
    wakeUps,
    durable: random.chance(0.6),
    maxAttempts: random.pick([-1, -1, 1, 2]),
  };
  const operations = randomOperations(random);
  if (fault(setting, operations) === undefined) return undefined;
  const short = shrunk(operations, (part) => fault(setting, part) !== undefined);
  return { seed, setting, operations: short, message: fault(setting, short)! };
}

function exploreAll(runs: number, seed: number, wakeUps: WakeUpPolicy): Finding | undefined {
  for (let run = 0; run < runs; run++) {
    const finding = explore((seed + run) >>> 0, wakeUps);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

function described({ seed, setting, operations, message }: Finding): string {
  const steps = operations.map((operation) => JSON.stringify(operation)).join("\n  ");
  return `${message}\nCOGD_SEED=${seed} COGD_PROPERTY_RUNS=1 repeats it.\n` +
    `Setting: ${JSON.stringify(setting)}\nSteps:\n  ${steps}`;
}

for (const wakeUps of POLICIES) {
  test(`no interleaving loses a wake-up, a job or a result; --worker-wakeup ${wakeUps}`, () => {
    const finding = exploreAll(RUNS, seedFrom(process.env), wakeUps);
    if (finding !== undefined) assert.fail(described(finding));
  });
}

/** Always the same interleavings: this is about the test itself, and must not depend on luck. */
const SEED_TO_FIND = 1;
/** A mistake that is not found in so many interleavings would slip through. */
const RUNS_TO_FIND = 2000;
/** No more steps are left of an interleaving that shows a mistake, of up to 126. */
const SHORT = 15;

for (const part of BROKEN_PARTS) {
  test(`the property fails when ${part.name}`, () => {
    part.during(() => {
      const finding = exploreAll(RUNS_TO_FIND, SEED_TO_FIND, "one per job");
      assert.ok(finding !== undefined, "the mistake was not found");
      assert.ok(finding.operations.length <= SHORT, described(finding));
      // What is printed repeats the finding.
      assert.equal(explore(finding.seed, "one per job")?.message, finding.message);
    });
  });
}

test("a list of steps is shrunk to those that matter", () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const fails = (part: readonly number[]) => part.includes(7) && part.includes(70);
  assert.deepEqual(shrunk(items, fails), [7, 70]);
  assert.deepEqual(shrunk([1], () => true), []);
  assert.deepEqual(shrunk([], () => true), []);
});
