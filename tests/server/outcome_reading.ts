/** Outcomes and commits, in short texts. */

import { byteStringFrom } from "../../src/protocol/mod.ts";
import type { KeptOutcome, RunningServer } from "../../src/server/mod.ts";
import type { MemoryPeer } from "./memory_network.ts";
import type { ScriptedStore } from "./scripted_store.ts";
import type { Fixture } from "./server_fixture.ts";

/** A worker that has the next job of `f`. */
export function workerWithJob({ connect }: Fixture): MemoryPeer {
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  return worker;
}

/** Handle, end, attempts and result. */
export function shown(outcome: KeptOutcome | undefined): string | undefined {
  if (outcome === undefined) return undefined;
  const { handle, end, attempts, result, resultDropped } = outcome;
  return `${handle} ${end} ${attempts} "${byteStringFrom(result)}"${
    resultDropped ? " dropped" : ""
  }`;
}

/** All outcomes, newest first. */
export function allOutcomes(server: RunningServer): (string | undefined)[] {
  return [...server.outcomes.all()].map(shown);
}

/** What each commit was about, without the number marks. */
export function batchTexts(store: ScriptedStore): string[] {
  return store.batches.map(({ add, update, remove, put }) =>
    [
      ...add.map(({ key, state }) => `add ${key} ${state}`),
      ...update.map(({ key, state, outcome }) =>
        `update ${key} ${state} ${outcome === null ? "" : byteStringFrom(outcome.result)}`.trim()
      ),
      ...remove.map((key) => `remove ${key}`),
      ...put.filter(({ name }) => !name.startsWith("next-")).map(({ name, value }) =>
        `${name} ${value === null ? "gone" : byteStringFrom(value)}`
      ),
    ].join("; ")
  );
}
