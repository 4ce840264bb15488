import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { PACKET_SHAPES, type PacketTypeName } from "../../src/protocol/mod.ts";
import { mebibytes } from "../faults/mod.ts";
import {
  COGD_BINARIES,
  type CogdFlavour,
  flavourMissing,
  seedFrom,
  startCogd,
} from "../support/mod.ts";
import { type CampaignReport, runCampaign } from "./campaign.ts";
import { cleanUp } from "./cleanup.ts";

/** Packets against each executable; more for longer series: see docs/fault-tests.md. */
const PACKETS = Number(process.env["COGD_FUZZ_PACKETS"] ?? 200_000);
const ROUNDS = Number(process.env["COGD_FUZZ_ROUNDS"] ?? 5);
const MIB = 1024 * 1024;
/**
 * What the memory after the last round may exceed that after the first. Both runtimes let their heap
 * grow up to a point, at most by 60 MiB here (docs/fault-tests.md); a leak of 1 KiB per packet goes
 * beyond the bound.
 */
const MEMORY_BOUND = 96 * MIB;
/** In a campaign of so many packets everything happens. */
const ENOUGH_PACKETS = 30_000;

interface FuzzReport {
  readonly reports: readonly CampaignReport[];
  /** After each round, bytes. */
  readonly memory: readonly number[];
}

/** Equal rounds against one server; after each, nothing may be left of it. */
async function fuzz(
  flavour: CogdFlavour,
  args: readonly string[],
  options: { readonly seed: number; readonly packets: number; readonly rounds: number },
): Promise<FuzzReport> {
  const { seed, packets, rounds } = options;
  const server = await startCogd({
    flavour,
    args: ["--job-handle-prefix=F:fuzz", "--backlog=1024", ...args],
  });
  try {
    const { port, pid } = server;
    const crashed = server.process.exited.then((exit) => {
      throw new Error(`cogd ended: ${JSON.stringify(exit)}\n${server.process.stderr}`);
    });
    crashed.catch(() => {});
    const { descriptors } = await cleanUp(port, pid);
    const reports: CampaignReport[] = [];
    const memory: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const campaign = runCampaign({ port, pid, seed: seed + round, packets: packets / rounds });
      reports.push(await Promise.race([campaign, crashed]));
      memory.push((await cleanUp(port, pid, { descriptors })).memory);
    }
    const grown = memory.at(-1)! - memory[0]!;
    assert.ok(grown < MEMORY_BOUND, `memory after each round: ${memory.map(mebibytes)}`);
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
    return { reports, memory };
  } finally {
    await server.kill9();
  }
}

/** Replies that a sound peer can get at all. */
function possibleReplies(): PacketTypeName[] {
  return PACKET_SHAPES.flatMap((shape) =>
    shape === undefined || shape.direction === "request" || shape.name === "UNUSED"
      ? []
      : [shape.name]
  );
}

for (const flavour of COGD_BINARIES) {
  for (const [queue, share] of [["sqlite", 0.75], ["builtin", 0.25]] as const) {
    const packets = Math.round(PACKETS * share);
    test(
      `${flavour}, queue ${queue}: ${packets} packets, right and wrong, leave it alive, fair and clean`,
      { skip: flavourMissing(flavour) },
      async () => {
        const seed = seedFrom(process.env);
        console.error(`note: ${flavour}, queue ${queue}: fuzzing with seed ${seed}`);
        const began = performance.now();
        const { reports, memory } = await fuzz(flavour, [`--queue-type=${queue}`], {
          seed,
          packets,
          rounds: ROUNDS,
        });
        const sum = (what: (report: CampaignReport) => number) =>
          reports.reduce((total, report) => total + what(report), 0);
        console.error(
          `note: ${flavour}, queue ${queue}: ${sum(({ packets }) => packets)} packets on ` +
            `${sum(({ connections }) => connections)} connections in ` +
            `${((performance.now() - began) / 1000).toFixed(0)} s, seed ${seed}; the canary ` +
            `waited ${Math.max(...reports.map(({ canary }) => canary.worstMs))} ms at most; ` +
            `memory after each round: ${memory.map(mebibytes).join(", ")}`,
        );
        if (packets < ENOUGH_PACKETS) return;
        // What never came was not tested.
        const missing = possibleReplies().filter((name) =>
          sum(({ tally }) => tally.get(name) ?? 0) === 0
        );
        assert.deepEqual(missing, [], "replies that never came");
      },
    );
  }
}
