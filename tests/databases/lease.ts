import assert from "node:assert/strict";
import test from "node:test";
import type { JobStore, ProcessWitness } from "../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  replayed,
  sampleJob,
  sampleJobs,
} from "../conformance/stores/mod.ts";
import { commitUntilHeld } from "./commit_load.ts";
import { endSessions, type StoreWithServer, type TestPlace } from "./test_place.ts";

/** A process by the name of a host; whether others have ended is what it is told. */
export function witness(host: string, othersAreGone = false): ProcessWitness {
  return {
    self: { host, pid: 42, startedAt: Date.UTC(2027, 0, 15, 8), machine: "m", birth: "b" },
    isGone: () => othersAreGone,
  };
}

/** Registers tests of two servers on one queue, by mistake or on purpose: a standby that takes over. */
export function exerciseLease({ name, newPlace }: Omit<StoreWithServer, "server">): void {
  const leaseTest = (what: string, run: (place: TestPlace) => Promise<void>) => {
    test(`${name}: ${what}`, async () => {
      const place = await newPlace();
      try {
        await run(place);
      } finally {
        await place.remove();
      }
    });
  };
  leaseTest("a second server is refused, and told who holds the queue", refusesSecond);
  leaseTest("servers with other namespaces do not see each other", keepsNamespacesApart);
  leaseTest("the queue of a server that was killed is taken at once on its host", followsAtOnce);
  leaseTest("a server whose queue was taken over commits nothing any more", writesNothingMore);
  leaseTest("a server that was cut off while another came and went has lost the queue", comesLate);
  leaseTest("a lease that is not renewed is waited for, and then taken", waitsForTheEnd);
  leaseTest("each session has a term of its own, and the lease is given back", raisesTerms);
}

async function refusesSecond(place: TestPlace): Promise<void> {
  const first = await place.open({ process: witness("web1") });
  await assert.rejects(place.open({ process: witness("web2") }), {
    code: "LOCKED",
    message: /cogd on web1, process 42, started 2027-01-15 08:00:00 UTC holds it/,
  });
  await first.commit(batchOf({ add: sampleJobs(3) }));
  await first.close();
  await assertTakesUp(await place.open({ process: witness("web2") }), 3);
}

async function keepsNamespacesApart(place: TestPlace): Promise<void> {
  const odd = "a:%*ä";
  const [a, b] = await Promise.all([
    place.open({ namespace: odd }),
    place.open({ namespace: "a" }),
  ]);
  const jobsOf = (namespace: string) =>
    sampleJobs(50).map((job) => ({ ...job, namespace, unique: namespace }));
  await Promise.all([
    a.commit(batchOf({ add: jobsOf(odd) })),
    b.commit(batchOf({ add: jobsOf("a") })),
  ]);
  await b.commit(batchOf({ remove: sampleJobs(25).map(({ key }) => key) }));
  await Promise.all([a.close(), b.close()]);
  const cases = [[odd, jobsOf(odd)], ["a", jobsOf("a").slice(25)], ["", []]] as const;
  for (const [namespace, expected] of cases) {
    const again = await place.open({ namespace });
    assertSameJobs((await replayed(again)).jobs, expected);
    await again.close();
  }
}

async function followsAtOnce(place: TestPlace): Promise<void> {
  const killed = await place.open({ process: witness("web1") });
  await killed.commit(batchOf({ add: sampleJobs(3) }));
  const next = await place.open({ process: witness("web1", true) });
  assert(!place.log.some((line) => line.includes("is held by")), "it waited");
  await assertTakesUp(next, 3);
  await killed.close();
}

async function writesNothingMore(place: TestPlace): Promise<void> {
  const first = await place.open({ process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  const second = await place.open({ process: witness("web2", true) });
  await assertRefuses(first.commit(batchOf({ add: [sampleJob(2)] })), "TAKEN_OVER");
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await second.commit(batchOf({ add: [sampleJob(3)] }));
  await second.close();
  // Not even when the other one has gone: what the first has in memory is out of date.
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await first.close();
  await assertKeys(place, [1, 3]);
  const fatal = place.log.filter((line) => line.startsWith("FATAL"));
  assert.equal(fatal.length, 1);
  assert.match(fatal[0]!, /cogd on web2, process 42/);
}

async function comesLate(place: TestPlace): Promise<void> {
  const first = await place.open({ process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  const second = await place.open({ process: witness("web2", true) });
  await second.close();
  await place.killSessions();
  // Should its session end only under the commit, the repetition is told.
  await assertRefuses(commitUntilHeld(first, batchOf({ remove: [1] })), "TAKEN_OVER");
  await first.close();
  await assertKeys(place, [1]);
}

/** Less than a lease runs, and enough to be there still when the next one looks. */
const REMAINING_MS = 8000;
/** Clocks are not read to the millisecond. */
const CLOCK_MS = 100;

async function waitsForTheEnd(place: TestPlace): Promise<void> {
  const left = await place.open({ process: witness("web1") });
  await left.close();
  const { self } = witness("web1");
  const began = performance.now();
  await place.abandonLease({ ...self, pid: 1, id: "x" }, REMAINING_MS);
  const next = await place.open({ process: witness("web2") });
  const ms = performance.now() - began;
  assert(ms > REMAINING_MS - CLOCK_MS, `it took ${ms.toFixed(0)} ms`);
  assert(place.log.some((line) => /NOTICE .* is held by cogd on web1, process 1,/.test(line)));
  await next.close();
}

async function raisesTerms(place: TestPlace): Promise<void> {
  const store = await place.open({ process: witness("web1") });
  let term = await place.leaseTerm();
  for (let key = 1; key <= 3; key++) {
    await endSessions(place);
    await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] }));
    const next = await place.leaseTerm();
    assert(next > term, `term ${next} after ${term}`);
    term = next;
  }
  assert.equal(await place.leaseIsFree(), false);
  await store.close();
  assert.equal(await place.leaseIsFree(), true);
}

async function assertTakesUp(store: JobStore, jobs: number): Promise<void> {
  assertSameJobs((await replayed(store)).jobs, sampleJobs(jobs));
  await store.close();
}

export async function assertKeys(place: TestPlace, expected: readonly number[]): Promise<void> {
  assert.deepEqual((await place.keys()).sort((a, b) => a - b), expected);
}
