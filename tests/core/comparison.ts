import assert from "node:assert/strict";
import { type FunctionQueue, PRIORITIES } from "../../src/core/mod.ts";
import type { NaivePeer, NaiveServer } from "./naive_server.ts";
import type { Peer, RecordingLog, Scene } from "./scene.ts";
import type { StepBook } from "./step_book.ts";

/** One connection in both servers, and what it can know about itself from outside. */
export interface Slot {
  readonly peer: Peer;
  readonly naive: NaivePeer;
  /** It sent PRE_SLEEP and has not asked since. */
  asleep: boolean;
  /** When the first NOOP came that it has not answered. */
  noopAt: number | null;
  halfClosed: boolean;
  /** Submissions that wait for a job's result, and ends that were told, by handle. */
  readonly ends: Map<string, { waited: number; told: number }>;
}

export function endsOf(slot: Slot, handle: string): { waited: number; told: number } {
  let ends = slot.ends.get(handle);
  if (ends === undefined) {
    ends = { waited: 0, told: 0 };
    slot.ends.set(handle, ends);
  }
  return ends;
}

export interface Compared {
  readonly scene: Scene;
  readonly naive: NaiveServer;
  readonly slots: readonly Slot[];
  readonly log: RecordingLog | null;
  readonly book: StepBook;
  readonly wakeUpRepeatMs: number;
}

/** What must hold between two steps: the server agrees with the naive one and keeps its promises. */
export class Comparison {
  readonly #compared: Compared;

  constructor(compared: Compared) {
    this.#compared = compared;
  }

  /** Workers that can do a function. */
  capable(name: string): Slot[] {
    return this.#compared.slots.filter(({ naive }) =>
      naive.abilities.some((ability) => ability.name === name)
    );
  }

  /** Jobs that a worker could be given now. */
  offered(name: string): number {
    return this.#compared.naive.paused.has(name) ? 0 : this.runnable(name);
  }

  runnable(name: string): number {
    const { naive } = this.#compared;
    return naive.jobsOf(name).filter((job) => naive.isRunnable(job)).length;
  }

  /** Takes note of the NOOPs that came; `repeated`: time has passed, so that some may have twice. */
  noticeNoops(repeated: boolean): void {
    const { slots, scene } = this.#compared;
    for (const slot of slots) {
      if (slot.peer.takeNoops() === 0) continue;
      assert.ok(slot.asleep, "a NOOP came to a worker that is awake");
      assert.ok(slot.noopAt === null || repeated, "a second NOOP came before the first's answer");
      slot.noopAt ??= scene.now;
    }
  }

  all(): void {
    const { scene, naive, slots, log, book } = this.#compared;
    const { table } = scene.server;
    const names = [...table.functions].map(({ name }) => name).sort();
    assert.deepEqual(names, [...naive.functions].sort());
    for (const queue of table.functions) {
      this.#counters(queue);
      this.#wakeUps(queue);
    }
    assert.equal(table.jobCount, naive.jobs.length, "jobs known");
    for (const slot of slots) {
      this.told(slot);
      const order = slot.naive.abilities.map(({ name }) => name);
      assert.deepEqual(slot.peer.functions(), order, "order of abilities");
    }
    assert.deepEqual(book.takeEnds().sort(), naive.ends.splice(0).sort(), "ends told");
    if (log !== null) assert.deepEqual(log.calls().sort(), naive.logged.splice(0).sort());
  }

  #counters(queue: FunctionQueue): void {
    const { naive } = this.#compared;
    const jobs = naive.jobsOf(queue.name);
    const waiting = jobs.filter(({ state }) => state === "waiting");
    const { total, running, runnable, ignored, workers } = queue;
    const counted = PRIORITIES.map((
      priority,
    ) => [queue.queuedAt(priority), queue.at(priority).delayed]);
    assert.deepEqual({ total, running, runnable, ignored, workers, counted }, {
      total: jobs.length,
      running: jobs.filter(({ state }) => state === "running").length,
      runnable: this.runnable(queue.name),
      ignored: waiting.filter((job) => job.ignored).length,
      workers: this.capable(queue.name).length,
      counted: PRIORITIES.map((priority) => {
        const own = waiting.filter((job) => job.priority === priority);
        return [own.length, own.filter((job) => naive.isDelayed(job)).length];
      }),
    }, `counters of '${queue.name}'`);
  }

  /** The promise of protocol section 8, as workers see it and as it is counted inside. */
  #wakeUps(queue: FunctionQueue): void {
    const { scene, slots, wakeUpRepeatMs } = this.#compared;
    const capable = this.capable(queue.name).filter(({ naive }) => !naive.draining);
    const asleep = capable.filter((slot) => slot.asleep && slot.noopAt === null).length;
    const fresh =
      capable.filter(({ noopAt }) => noopAt !== null && noopAt + wakeUpRepeatMs > scene.now).length;
    assert.ok(
      asleep === 0 || fresh >= queue.offered,
      `'${queue.name}': ${queue.offered} jobs, ${fresh} NOOPs on their way, ${asleep} asleep`,
    );
    assert.equal(queue.sleepers.size, asleep, `sleepers of '${queue.name}'`);
    const notified = slots.filter(({ peer }) => peer.workerRole.notifiedFor === queue).length;
    assert.equal(queue.notified, notified, `NOOPs counted for '${queue.name}'`);
    assert.ok(asleep === 0 || notified >= queue.offered, "too few NOOPs are counted");
  }

  /** What a peer was told is what it had to be told, and no job ended twice for it. */
  told(slot: Slot): void {
    const told = slot.peer.told();
    assert.deepEqual(told, slot.naive.told.splice(0), "what a peer was told");
    for (const line of told) {
      const [kind, handle] = line.split(" ") as [string, string];
      if (!/^WORK_(COMPLETE|FAIL|EXCEPTION)$/.test(kind)) continue;
      const ends = endsOf(slot, handle);
      ends.told++;
      assert.ok(ends.told <= ends.waited, `${handle} ended more often than it was waited for`);
    }
  }

  /** After the end of all jobs and peers nothing is kept. */
  nothingLeft(): void {
    const { server } = this.#compared.scene;
    this.#compared.book.allEnded();
    assert.equal(server.table.jobCount, 0, "jobs are left");
    assert.equal(server.nextWake(), Infinity, "something is still waited for");
    for (const queue of server.table.functions) {
      const { sleepers, byUnique, byWorkload, total, running, runnable, notified, name } = queue;
      const sizes = [sleepers.size, byUnique.size, byWorkload.size];
      const counters = [total, running, runnable, notified, queue.ignored, queue.workers];
      assert.deepEqual([...sizes, ...counters], Array(9).fill(0), `'${name}' is not empty`);
      assert.equal(server.dropFunction(name), "dropped");
    }
  }
}
