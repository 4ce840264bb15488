import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acquireLease,
  decodeHolder,
  encodeHolder,
  type LeaseHolder,
  type LeasePlace,
  type LeaseState,
  newLeaseHolder,
  StoreError,
  takenOver,
} from "../../src/plugin_api/mod.ts";

const OTHER: LeaseHolder = {
  id: "o".repeat(32),
  host: "web1",
  pid: 4711,
  startedAt: 1_800_000_000_000,
  machine: "m",
  birth: "b",
};
const SELF: LeaseHolder = { ...OTHER, id: "s".repeat(32), host: "web2", pid: 1 };

/** A lease in memory, with the database's clock. */
class Lease implements LeasePlace {
  state: LeaseState | null;
  now = 0;
  expiresAt = 15_000;
  takes = 0;
  /** Called before each attempt to take it. */
  beforeTake: () => void = () => {};

  constructor(holder: LeaseHolder | null, term = 7) {
    this.state = { holder, term, remainingMs: 0, renewal: "" };
  }

  renew(): void {
    this.expiresAt = this.now + 15_000;
  }

  read(): Promise<LeaseState | null> {
    if (this.state === null) return Promise.resolve(null);
    const remainingMs = this.expiresAt - this.now;
    return Promise.resolve({ ...this.state, remainingMs, renewal: String(this.expiresAt) });
  }

  take(seen: LeaseState | null, holder: LeaseHolder): Promise<boolean> {
    this.beforeTake();
    this.takes++;
    const unchanged = seen === null
      ? this.state === null
      : seen.term === this.state?.term && seen.renewal === String(this.expiresAt);
    if (!unchanged) return Promise.resolve(false);
    this.state = { holder, term: (seen?.term ?? 0) + 1, remainingMs: 0, renewal: "" };
    this.renew();
    return Promise.resolve(true);
  }
}

function acquire(lease: Lease, more: { gone?: boolean; pause?: (ms: number) => void } = {}) {
  const log: string[] = [];
  const done = acquireLease(lease, {
    holder: SELF,
    place: "mysql db:1/jobs",
    isGone: () => more.gone === true,
    log: (_, text) => log.push(text),
    pause: (ms) => {
      lease.now += ms;
      more.pause?.(ms);
      return Promise.resolve();
    },
  });
  return { done, log };
}

test("a lease that nobody ever held, or that was given back, is taken at once", async () => {
  for (const lease of [new Lease(null), new Lease(null, 0)]) {
    await acquire(lease).done;
    assert.deepEqual([lease.state?.holder, lease.now], [SELF, 0]);
  }
  const first = new Lease(null);
  first.state = null;
  await acquire(first).done;
  assert.equal(first.state!.term, 1);
});

test("a lease whose holder has ended is taken at once, with a higher term", async () => {
  const lease = new Lease(OTHER);
  await acquire(lease, { gone: true }).done;
  assert.deepEqual([lease.state?.holder, lease.state?.term, lease.now], [SELF, 8, 0]);
});

test("a lease whose holder does not renew is taken when it has run out, not before", async () => {
  const lease = new Lease(OTHER);
  const { done, log } = acquire(lease);
  await done;
  assert.deepEqual([lease.state?.holder, lease.now, lease.takes], [SELF, 15_000, 1]);
  assert.deepEqual(log, [
    "mysql db:1/jobs is held by cogd on web1, process 4711, started 2027-01-15 08:00:00 UTC: " +
    "waiting up to 15.0 s to see whether that server still runs",
  ]);
});

test("a lease whose holder renews is refused, and says who that is", async () => {
  const lease = new Lease(OTHER);
  const { done } = acquire(lease, { pause: () => lease.now === 4000 && lease.renew() });
  await assert.rejects(done, (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "LOCKED");
    assert.match(
      error.message,
      /cogd on web1, process 4711, started 2027-01-15 08:00:00 UTC holds/,
    );
    return true;
  });
  assert.deepEqual([lease.state?.holder, lease.now], [OTHER, 4000]);
});

test("of two servers that want a free lease one gets it, the other is refused", async () => {
  const lease = new Lease(null);
  let stolen = false;
  lease.beforeTake = () => {
    if (stolen) return;
    stolen = true;
    lease.state = { ...lease.state!, holder: OTHER, term: 8 };
    lease.renew();
  };
  const { done } = acquire(lease, { pause: () => lease.renew() });
  await assert.rejects(done, /web1/);
  assert.deepEqual([lease.state?.holder, lease.takes], [OTHER, 1]);
});

test("a holder that renews in the last moment keeps its lease", async () => {
  const lease = new Lease(OTHER);
  lease.beforeTake = () => lease.renew();
  await assert.rejects(acquire(lease).done, /web1/);
  assert.equal(lease.state?.holder, OTHER);
});

test("a take whose answer was lost is recognised as one's own", async () => {
  const lease = new Lease(SELF);
  await acquire(lease).done;
  assert.deepEqual([lease.takes, lease.now], [0, 0]);
});

test("holders go through text unharmed, and anything else is nobody", () => {
  const odd = { ...OTHER, host: "wéb\u{1f600}\n", pid: 0 };
  assert.deepEqual(decodeHolder(encodeHolder(odd)), odd);
  assert.match(encodeHolder(odd), /^[\x20-\x7e]+$/);
  for (
    const text of ["", "{", "null", "{}", '{"id":1}', encodeHolder(OTHER).replace("4711", '"x"')]
  ) {
    assert.equal(decodeHolder(text), null, text);
  }
});

test("every opening of a store is a holder of its own", () => {
  const witness = { self: OTHER, isGone: () => false };
  const [a, b] = [newLeaseHolder(witness), newLeaseHolder(witness)];
  assert.match(a.id, /^[0-9a-f]{32}$/);
  assert.notEqual(a.id, b.id);
  assert.deepEqual({ ...a, id: OTHER.id }, OTHER);
  assert.equal(newLeaseHolder().host, "");
});

test("a server whose lease was taken is told by whom", () => {
  assert.equal(takenOver(OTHER).code, "TAKEN_OVER");
  assert.match(takenOver(OTHER).message, /web1, process 4711/);
  assert.match(takenOver(null).message, /another server/);
});
