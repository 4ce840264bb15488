import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { FunctionQueue, Job, Priority, Worker } from "../../src/core/mod.ts";
import { Heap } from "../../src/core/heap.ts";
import { PriorityQueue } from "../../src/core/priority_queue.ts";
import { Ring } from "../../src/core/ring.ts";
import { Schedule } from "../../src/core/schedule.ts";
import { Sleepers } from "../../src/core/sleepers.ts";
import { Random, seedFrom } from "../support/mod.ts";

const STEPS = 20_000;

/** Does random steps; a failure tells the seed and the step. */
function randomly(steps: number, step: (random: Random, at: number) => void): void {
  const random = new Random(seedFrom(process.env));
  for (let at = 0; at < steps; at++) {
    try {
      step(random, at);
    } catch (cause) {
      throw new Error(`seed ${random.seed}, step ${at}: ${(cause as Error).message}`, { cause });
    }
  }
}

let numbers = 0;

function job(queue: FunctionQueue, more: { notBefore?: number; order?: number } = {}): Job {
  const key = ++numbers;
  const created = new Job({
    key,
    handle: `H:t:${key}`,
    queue,
    unique: "",
    workload: new Uint8Array(0),
    priority: Priority.NORMAL,
    notBefore: more.notBefore ?? 0,
    reducer: "",
    acceptedAt: 0,
    background: true,
    extras: null,
  });
  created.order = more.order ?? key;
  return created;
}

test("Ring is first in, first out, whatever its size was", () => {
  const ring = new Ring<number>();
  let model: number[] = [];
  // The share of pushes swings, so that the ring grows large and becomes small again.
  randomly(STEPS, (random, at) => {
    const growing = Math.floor(at / 2500) % 2 === 0;
    if (random.chance(growing ? 0.7 : 0.3)) {
      ring.push(at);
      model.push(at);
    } else if (random.chance(0.001)) {
      const keep = (item: number) => item % 3 !== 0;
      ring.filter(keep);
      model = model.filter(keep);
    } else {
      assert.equal(ring.shift(), model.shift());
    }
    assert.equal(ring.length, model.length);
    assert.equal(ring.peek(), model[0]);
  });
  while (model.length > 0) assert.equal(ring.shift(), model.shift());
  assert.equal(ring.shift(), undefined);
  assert.equal(ring.peek(), undefined);
});

test("Ring keeps order through any sequence of growing and shrinking", () => {
  for (let size = 0; size < 70; size++) {
    const ring = new Ring<number>();
    for (let start = 0; start < 20; start++) {
      for (let i = 0; i < size; i++) ring.push(i);
      for (let i = 0; i < size; i++) assert.equal(ring.shift(), i);
      // Moves the start on by one for the next round.
      ring.push(0);
      ring.shift();
    }
    for (let i = 0; i < size; i++) ring.push(i);
    ring.filter((item) => item % 2 === 1);
    assert.equal(ring.length, Math.floor(size / 2));
    for (let i = 1; i < size; i += 2) assert.equal(ring.shift(), i);
    ring.filter(() => true);
    assert.equal(ring.length, 0);
  }
});

test("Heap gives the first item of all, again and again", () => {
  const heap = new Heap<number>((a, b) => a < b);
  let model: number[] = [];
  randomly(STEPS, (random, at) => {
    const growing = Math.floor(at / 4000) % 2 === 0;
    if (random.chance(growing ? 0.6 : 0.4)) {
      const item = random.below(500);
      heap.push(item);
      model.push(item);
      model.sort((a, b) => a - b);
    } else if (random.chance(0.002)) {
      const keep = (item: number) => item % 4 !== 1;
      heap.filter(keep);
      model = model.filter(keep);
    } else {
      assert.equal(heap.pop(), model.shift());
    }
    assert.equal(heap.length, model.length);
    assert.equal(heap.peek(), model[0]);
    const passes = (item: number) => item % 3 === 1;
    assert.equal(heap.first(passes), model.find(passes));
  });
});

test("PriorityQueue gives the job with the lowest order, however they came", () => {
  const owner = new FunctionQueue("f");
  const queue = new PriorityQueue();
  let model: Job[] = [];
  let next = 1;
  randomly(STEPS, (random, at) => {
    const growing = Math.floor(at / 3000) % 2 === 0;
    if (random.chance(growing ? 0.6 : 0.4)) {
      // Mostly in order; sometimes one that kept an earlier place, or was replayed.
      const early = random.chance(0.2);
      const added = job(owner, { order: early ? random.between(-1000, next) + 0.5 : next++ });
      // Whole runs of them, by order: jobs of one order are not told apart here.
      added.ignored = Math.floor(added.order / 50) % 2 === 0;
      queue.push(added);
      model.push(added);
      // A stable sort: jobs of the same order stay as they came.
      model.sort((a, b) => a.order - b.order);
    } else if (random.chance(0.002)) {
      const keep = ({ key }: Job) => key % 5 !== 0;
      queue.filter(keep);
      model = model.filter(keep);
    } else {
      assert.equal(queue.shift()?.order, model.shift()?.order);
    }
    assert.equal(queue.length, model.length);
    assert.equal(queue.first()?.order, model.find(({ ignored }) => !ignored)?.order);
  });
});

test("PriorityQueue tells how many jobs come before a place", () => {
  const owner = new FunctionQueue("f");
  const queue = new PriorityQueue();
  for (const order of [10, 20, 30, 40, 5, 25]) queue.push(job(owner, { order }));
  for (const [order, before] of [[1, 0], [5, 0], [6, 1], [25, 3], [30, 4], [99, 6]] as const) {
    assert.equal(queue.countBefore(order), before, `before ${order}`);
  }
  queue.shift();
  queue.shift();
  assert.equal(queue.countBefore(99), 4);
  assert.equal(queue.countBefore(20), 0);
});

test("PriorityQueue gives every job exactly once", () => {
  const owner = new FunctionQueue("f");
  const queue = new PriorityQueue();
  const pushed = Array.from({ length: 1000 }, (_, i) => job(owner, { order: i * 7 % 1000 }));
  for (const added of pushed) queue.push(added);
  const shifted = pushed.map(() => queue.shift()!);
  assert.equal(queue.shift(), undefined);
  assert.deepEqual(shifted.map(({ order }) => order), pushed.map((_, i) => i));
  assert.equal(new Set(shifted).size, 1000);
});

test("Sleepers are a list in the order in which they fell asleep, whoever wakes", () => {
  const sleepers = new Sleepers();
  const workers = Array.from({ length: 12 }, () => new Worker({ wake: () => {} }));
  let naive: Worker[] = [];
  randomly(STEPS, (random) => {
    const worker = random.chance(0.3) ? sleepers.first ?? workers[0]! : random.pick(workers);
    if (random.chance(0.5)) {
      sleepers.add(worker);
      if (!naive.includes(worker)) naive.push(worker);
    } else {
      sleepers.delete(worker);
      naive = naive.filter((other) => other !== worker);
    }
    if (random.chance(0.001)) {
      sleepers.clear();
      naive = [];
    }
    assert.deepEqual([...sleepers], naive);
    assert.deepEqual([sleepers.first, sleepers.size], [naive[0], naive.length]);
  });
  for (const worker of sleepers) sleepers.delete(worker);
  assert.equal(sleepers.size, 0);
});

test("Schedule gives what is due, delayed jobs by whole seconds", () => {
  const owner = new FunctionQueue("f");
  const schedule = new Schedule();
  let delayed: Job[] = [];
  let running: Job[] = [];
  let now = 1_700_000_000_000;
  randomly(STEPS, (random) => {
    const kind = random.below(10);
    if (kind < 2) {
      const added = job(owner, { notBefore: Math.floor(now / 1000) + random.between(1, 9) });
      schedule.delay(added);
      delayed.push(added);
    } else if (kind < 4) {
      const added = job(owner);
      added.deadline = now + random.between(1, 9000);
      schedule.limit(added);
      running.push(added);
    } else if (kind < 5 && running.length > 0) {
      const done = random.pick(running);
      schedule.unlimit(done);
      schedule.unlimit(done);
      running = running.filter((other) => other !== done);
    } else if (kind < 6) {
      now += random.below(700);
    }
    const due = delayed.filter(({ notBefore }) => notBefore <= Math.floor(now / 1000))
      .sort((a, b) => a.notBefore - b.notBefore || a.order - b.order);
    for (const expected of due) assert.equal(schedule.nextDue(now), expected);
    assert.equal(schedule.nextDue(now), undefined);
    delayed = delayed.filter((other) => !due.includes(other));
    const expired = running.filter(({ deadline }) => deadline <= now);
    const times = expired.map(({ deadline }) => deadline).sort((a, b) => a - b);
    for (const at of times) {
      const found = schedule.nextExpired(now);
      assert.ok(found !== undefined && expired.includes(found));
      assert.equal(found.deadline, at);
    }
    assert.equal(schedule.nextExpired(now), undefined);
    running = running.filter((other) => !expired.includes(other));
    assert.equal(
      schedule.next(),
      Math.min(
        ...delayed.map(({ notBefore }) => notBefore * 1000),
        ...running.map(({ deadline }) => deadline),
      ),
    );
    assert.ok(schedule.deadlines <= 2 * running.length + 65, "passed deadlines pile up");
  });
});

test("Schedule does not keep the deadlines of jobs that were done in time", () => {
  const owner = new FunctionQueue("f");
  const schedule = new Schedule();
  const slow = job(owner);
  slow.deadline = 1000;
  schedule.limit(slow);
  for (let i = 0; i < 100_000; i++) {
    const quick = job(owner);
    quick.deadline = 3_600_000 + i;
    schedule.limit(quick);
    schedule.unlimit(quick);
  }
  assert.ok(schedule.deadlines < 100);
  assert.equal(schedule.next(), 1000);
  assert.equal(schedule.nextExpired(1000), slow);
  assert.equal(schedule.next(), Infinity);
});

test("Schedule gives up the ignored jobs of one function only", () => {
  const [f, g] = [new FunctionQueue("f"), new FunctionQueue("g")];
  const schedule = new Schedule();
  const jobs = Array.from(
    { length: 200 },
    (_, i) => job(i % 2 === 0 ? f : g, { notBefore: 1 + i * 37 % 200 }),
  );
  for (const [i, delayed] of jobs.entries()) {
    schedule.delay(delayed);
    delayed.ignored = i % 3 === 0;
  }
  const removed = new Set(schedule.removeIgnored(f));
  assert.deepEqual(removed, new Set(jobs.filter(({ ignored, queue }) => ignored && queue === f)));
  const left = jobs.filter((delayed) => !removed.has(delayed))
    .sort((a, b) => a.notBefore - b.notBefore);
  for (const expected of left) assert.equal(schedule.nextDue(1_000_000), expected);
  assert.equal(schedule.nextDue(1_000_000), undefined);
});
