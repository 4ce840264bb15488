import assert from "node:assert/strict";
import { NO_LOG, type WakeUpPolicy } from "../../src/core/mod.ts";
import { Comparison, endsOf, type Slot } from "./comparison.ts";
import { type NaiveJob, NaiveServer } from "./naive_server.ts";
import { FUNCTIONS, LONG_TIME, type Operation, SLOTS } from "./operations.ts";
import { RecordingLog, Scene } from "./scene.ts";
import { StepBook } from "./step_book.ts";

export interface Setting {
  readonly wakeUps: WakeUpPolicy;
  /** Background jobs wait for a store. */
  readonly durable: boolean;
  readonly maxAttempts: number;
}

const WAKE_UP_REPEAT_MS = 2000;
const MAX_IGNORED_JOBS = 3;

/** Plays steps on the real server and on the naive one, and compares them after each. */
export class Interleaving {
  readonly #log: RecordingLog | null;
  readonly #book = new StepBook();
  readonly #scene: Scene;
  readonly #naive: NaiveServer;
  readonly #known = new Map<string, NaiveJob>();
  readonly #slots: Slot[];
  readonly #comparison: Comparison;

  constructor(setting: Setting) {
    this.#log = setting.durable ? new RecordingLog() : null;
    this.#scene = new Scene({
      wakeUps: setting.wakeUps,
      maxAttempts: setting.maxAttempts,
      log: this.#log ?? NO_LOG,
      witness: this.#book,
      limits: { wakeUpRepeatMs: WAKE_UP_REPEAT_MS, maxIgnoredJobs: MAX_IGNORED_JOBS },
    });
    this.#naive = new NaiveServer(
      { ...setting, maxIgnoredJobs: MAX_IGNORED_JOBS },
      this.#scene.now,
    );
    this.#slots = Array.from({ length: SLOTS }, (_, i) => this.#connect(i));
    this.#comparison = new Comparison({
      scene: this.#scene,
      naive: this.#naive,
      slots: this.#slots,
      log: this.#log,
      book: this.#book,
      wakeUpRepeatMs: WAKE_UP_REPEAT_MS,
    });
  }

  /** All steps, then everything to its end. Throws at the first difference or broken promise. */
  play(operations: readonly Operation[]): void {
    for (const operation of operations) this.#step(operation);
    this.#windDown();
  }

  #connect(number: number): Slot {
    const peer = this.#scene.peer();
    const wantsExceptions = number % 2 === 1;
    peer.client.wantsExceptions = wantsExceptions;
    const naive = {
      wantsExceptions,
      draining: false,
      abilities: [],
      waitingFor: new Set<NaiveJob>(),
      told: [],
    };
    return {
      peer,
      naive,
      asleep: false,
      noopAt: null,
      halfClosed: false,
      ends: new Map(),
    };
  }

  #step(operation: Operation): void {
    this.#pass(1);
    const slot = "slot" in operation ? this.#slots[operation.slot]! : undefined;
    if (slot?.halfClosed && operation.do !== "leave") return;
    this.#do(operation, slot!);
    this.#compare();
  }

  #compare(): void {
    this.#comparison.noticeNoops(false);
    this.#comparison.all();
  }

  #do(operation: Operation, slot: Slot): void {
    switch (operation.do) {
      case "submit":
        return this.#submit(operation, slot);
      case "grab":
        return void this.#grab(slot);
      case "sleep":
        return this.#sleep(slot);
      case "can do":
        slot.peer.canDo(operation.name, operation.timeoutMs);
        return this.#naive.canDo(slot.naive, operation.name, operation.timeoutMs);
      case "can't do":
        slot.peer.cantDo(operation.name);
        return this.#naive.cantDo(slot.naive, operation.name);
      case "reset":
        slot.peer.resetAbilities();
        return this.#naive.workerGone(slot.naive);
      case "half-close":
        return this.#halfClose(slot);
      case "leave":
        return this.#leave(slot);
      case "report":
        return this.#report(operation, slot);
      case "cancel":
        return this.#cancel(operation.nth);
      case "drop":
        return this.#drop(operation.name, operation.force);
      case "purge":
        assert.equal(
          this.#scene.server.purge(operation.name),
          this.#naive.purge(operation.name),
          "jobs purged",
        );
        return;
      case "pause":
        return this.#pause(operation.name, operation.paused);
      case "drain":
        return this.#drain(slot, operation.draining);
      case "limit": {
        const { name, limit } = operation;
        this.#scene.server.setQueueLimits(name, [limit, limit, 0]);
        if (this.#naive.functions.has(name)) this.#naive.limits.set(name, [limit, limit, 0]);
        return;
      }
      case "store answers":
        return this.#answer(operation.nth, operation.good);
      case "store fills":
        if (this.#log !== null) this.#log.full = this.#naive.storeFull = operation.full;
        return;
      case "pass":
        return this.#pass(operation.ms);
      case "settle":
        return this.#settle();
    }
  }

  #drop(name: string, force: boolean): void {
    const expected = force
      ? this.#naive.dropByForce(name, this.#slots.map(({ naive }) => naive))
      : this.#naive.drop(name, this.#comparison.capable(name).length > 0);
    assert.equal(this.#scene.server.dropFunction(name, { force }), expected);
  }

  #pause(name: string, paused: boolean): void {
    const { server, now } = this.#scene;
    if (!paused) {
      server.resume(name, now);
      this.#naive.paused.delete(name);
    } else {
      server.pause(name);
      this.#naive.functions.add(name);
      this.#naive.paused.add(name);
    }
  }

  #drain(slot: Slot, draining: boolean): void {
    this.#scene.server.drainWorker(slot.peer.workerRole, draining, this.#scene.now);
    slot.naive.draining = draining;
  }

  #submit(asked: Extract<Operation, { do: "submit" }>, slot: Slot): void {
    const { name, unique, workload, priority, background, delay } = asked;
    const notBefore = delay === 0 ? 0 : this.#scene.epochIn(delay);
    const submission = { unique, workload, priority, notBefore };
    const admission = background
      ? slot.peer.submitBackground(name, submission)
      : slot.peer.submit(name, submission);
    const expected = this.#naive.submit({ ...submission, name, background }, slot.naive);
    assert.equal(
      admission.kind === "refused" ? admission.reason : `${admission.kind} ${admission.job.handle}`,
      expected,
    );
    if (admission.kind === "refused") return;
    const { handle } = admission.job;
    const job = this.#naive.jobs.find((other) => other.handle === handle);
    assert.ok(job !== undefined);
    this.#known.set(handle, job);
    if (!background) endsOf(slot, handle).waited++;
  }

  #grab(slot: Slot): string | null {
    slot.asleep = false;
    slot.noopAt = null;
    const handle = slot.peer.grab();
    assert.equal(handle, this.#naive.grab(slot.naive)?.handle ?? null, "another job was given out");
    return handle;
  }

  #sleep(slot: Slot): void {
    slot.noopAt = null;
    slot.asleep = true;
    slot.peer.sleep();
    const noop = slot.peer.takeNoops() > 0;
    if (noop) slot.noopAt = this.#scene.now;
    const work = !slot.naive.draining &&
      slot.naive.abilities.some(({ name }) => this.#comparison.offered(name) > 0);
    assert.equal(noop, work, "PRE_SLEEP is answered with NOOP if, and only if, there is work");
  }

  #halfClose(slot: Slot): void {
    this.#scene.server.workerGone(slot.peer.workerRole, this.#scene.now);
    this.#naive.workerGone(slot.naive);
    slot.halfClosed = true;
    slot.asleep = false;
    slot.noopAt = null;
  }

  #leave(slot: Slot): void {
    slot.peer.leave();
    this.#naive.workerGone(slot.naive);
    this.#naive.clientGone(slot.naive);
    this.#comparison.told(slot);
    const { workerRole, client } = slot.peer;
    assert.equal(workerRole.running.size + workerRole.abilities.length, 0, "left something held");
    assert.equal(client.waitingFor.size, 0, "left somebody waiting");
    const number = this.#slots.indexOf(slot);
    this.#slots[number] = this.#connect(number);
  }

  #report(operation: Extract<Operation, { do: "report" }>, slot: Slot): void {
    const jobs = operation.anyJob ? this.#naive.jobs : this.#naive.heldBy(slot.naive);
    const job = jobs[operation.nth % Math.max(1, jobs.length)];
    const handle = job?.handle ?? "H:t:0";
    const expected = this.#naive.report(slot.naive, job, operation.kind, "data");
    const { peer } = slot;
    const found = {
      WORK_COMPLETE: () => peer.complete(handle, "data"),
      WORK_FAIL: () => peer.fail(handle),
      WORK_EXCEPTION: () => peer.exception(handle, "data"),
      WORK_DATA: () => peer.data(handle, "data"),
    }[operation.kind]();
    assert.equal(found, expected, `${operation.kind} for ${handle}`);
  }

  #cancel(nth: number): void {
    const { jobs } = this.#naive;
    const job = jobs[nth % Math.max(1, jobs.length)];
    assert.equal(this.#scene.cancel(job?.handle ?? "H:t:0"), job !== undefined);
    if (job !== undefined) this.#naive.cancel(job);
  }

  #answer(nth: number, good: boolean): void {
    const waiting = this.#log?.waiting ?? [];
    const job = waiting[nth % Math.max(1, waiting.length)];
    if (job === undefined) return;
    this.#log!.answered(job);
    const naive = this.#known.get(job.handle)!;
    const { server, now } = this.#scene;
    const refusedClients = naive.state === "storing" && !naive.ignored && !good
      ? naive.audience
      : [];
    for (const { naive: client, ends } of this.#slots) {
      const refused = refusedClients.filter((other) => other === client).length;
      // Who is refused waits no more, and must not be told of an end either.
      if (refused > 0) ends.get(job.handle)!.waited -= refused;
    }
    this.#naive.storeAnswered(naive, good);
    if (good) server.jobStored(job, now);
    else server.jobRefused(job, now);
  }

  #pass(ms: number): void {
    this.#scene.pass(ms);
    this.#naive.pass(ms);
    this.#comparison.noticeNoops(true);
  }

  /** Workers that do as they should: with them, no job may be left that a sleeper could do. */
  #settle(): void {
    for (let rounds = 0;; rounds++) {
      assert.ok(rounds < 1000, "NOOPs without end");
      const woken = this.#slots.filter(({ noopAt }) => noopAt !== null);
      if (woken.length === 0) break;
      for (const slot of woken) {
        for (let handle = this.#grab(slot); handle !== null; handle = this.#grab(slot)) {
          slot.peer.complete(handle, "data");
          this.#naive.report(slot.naive, this.#known.get(handle), "WORK_COMPLETE", "data");
          this.#comparison.noticeNoops(false);
        }
        this.#sleep(slot);
        this.#comparison.noticeNoops(false);
      }
    }
    for (const name of FUNCTIONS) {
      const asleep = this.#comparison.capable(name)
        .filter((slot) => slot.asleep && !slot.naive.draining).length;
      assert.ok(
        asleep === 0 || this.#comparison.offered(name) === 0,
        `'${name}' waits, its workers sleep`,
      );
    }
  }

  /** Everything comes to its end; then nothing may be left. */
  #windDown(): void {
    if (this.#log !== null) this.#log.full = this.#naive.storeFull = false;
    while ((this.#log?.waiting.length ?? 0) > 0) {
      this.#answer(0, true);
      this.#compare();
    }
    for (const slot of this.#slots) {
      this.#halfClose(slot);
      this.#compare();
    }
    this.#pass(LONG_TIME);
    for (const name of this.#naive.paused) this.#pause(name, false);
    const worker = this.#connect(SLOTS);
    this.#slots.push(worker);
    for (const name of FUNCTIONS) {
      this.#do({ do: "can do", slot: SLOTS, name, timeoutMs: 0 }, worker);
    }
    for (let handle = this.#grab(worker); handle !== null; handle = this.#grab(worker)) {
      worker.peer.complete(handle, "data");
      this.#naive.report(worker.naive, this.#known.get(handle), "WORK_COMPLETE", "data");
      this.#compare();
    }
    for (const slot of this.#slots) {
      for (const [handle, { waited, told }] of slot.ends) {
        assert.equal(told, waited, `ends of ${handle} told, and waited for`);
      }
      this.#leave(slot);
      this.#compare();
    }
    this.#comparison.nothingLeft();
  }
}
