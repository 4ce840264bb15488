import process from "node:process";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ownFlavour,
  programMissing,
  Random,
  seedFrom,
  startCogd,
  startGearmand,
} from "../../support/mod.ts";
import { Duet } from "./duet.ts";
import { type Operation, randomOperations, type World, worldOf } from "./operations.ts";
import { Player } from "./player.ts";
import { shortest } from "./shortest.ts";

/** Plays, and steps of each; more by the environment variables, see docs/fault-tests.md. */
const PLAYS = Number(process.env["COGD_DIFFERENTIAL_PLAYS"] ?? 4);
const STEPS = Number(process.env["COGD_DIFFERENTIAL_STEPS"] ?? 400);

/** In so many plays everything happens. */
const ENOUGH_PLAYS = 12;

interface Play {
  readonly world: World;
  readonly operations: readonly Operation[];
}

function playOf(seed: number): Play {
  const world = worldOf(seed);
  return { world, operations: randomOperations(new Random(seed), world, STEPS) };
}

interface Fault {
  readonly message: string;
  /** Operations up to the one that went otherwise. */
  readonly operations: readonly Operation[];
}

/** Both servers from their start; answers what went otherwise, or how often which reply came. */
async function perform({ world, operations }: Play): Promise<Fault | Map<string, number>> {
  const common = ["--job-handle-prefix=H:x", ...(world.manyFunctions ? ["--round-robin"] : [])];
  const gearmand = await startGearmand({ args: common });
  const cogd = await startCogd({
    flavour: ownFlavour(),
    args: [...common, "--queue-type=builtin", "--worker-wakeup=0", "--verbose=INFO"],
  });
  const duet = await Duet.open(gearmand.port, cogd.port);
  const player = new Player(duet, world);
  try {
    await player.play(operations);
    return player.tally;
  } catch (error) {
    const played = operations.slice(0, player.played + 1);
    return { message: (error as Error).message, operations: played };
  } finally {
    await duet.close();
    await Promise.all([gearmand.kill9(), cogd.kill9()]);
  }
}

/** The fault with as few operations as show it. */
async function explained(fault: Fault, world: World, seed: number): Promise<string> {
  let last = fault;
  await shortest(fault.operations, async (operations) => {
    const result = await perform({ world, operations });
    if (result instanceof Map) return false;
    last = result;
    return true;
  });
  const steps = last.operations.map((operation) => JSON.stringify(operation).slice(0, 400));
  return `${last.message}\nCOGD_SEED=${seed} COGD_DIFFERENTIAL_PLAYS=1 repeats it.\n` +
    `World: ${JSON.stringify(world)}\nSteps:\n  ${steps.join("\n  ")}`;
}

test(
  "random plays of clients, workers and operators: cogd answers as C gearmand, byte for byte",
  { skip: programMissing("gearmand") },
  async () => {
    const seed = seedFrom(process.env);
    const seen = new Map<string, number>();
    for (let number = 0; number < PLAYS; number++) {
      const own = (seed + number) >>> 0;
      const play = playOf(own);
      const result = await perform(play);
      if (!(result instanceof Map)) assert.fail(await explained(result, play.world, own));
      for (const [name, count] of result) seen.set(name, (seen.get(name) ?? 0) + count);
    }
    if (PLAYS < ENOUGH_PLAYS) return;
    const missing = REPLIES.filter((name) => !seen.has(name));
    assert.deepEqual(missing, [], "replies that never came");
  },
);

const REPLIES = [
  "NOOP",
  "JOB_CREATED",
  "NO_JOB",
  "JOB_ASSIGN",
  "WORK_STATUS",
  "WORK_COMPLETE",
  "WORK_FAIL",
  "ECHO_RES",
  "ERROR",
  "STATUS_RES",
  "OPTION_RES",
  "WORK_DATA",
  "WORK_WARNING",
  "JOB_ASSIGN_UNIQ",
  "JOB_ASSIGN_ALL",
  "STATUS_RES_UNIQUE",
  "text",
];
