/** Two servers on one queue in MySQL. */

import assert from "node:assert/strict";
import test from "node:test";
import { assertRefuses, batchOf, bytesFrom, sampleJob } from "../../conformance/stores/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { deadline, PATIENCE_MS, programMissing, TcpProxy } from "../../support/mod.ts";
import { assertKeys, exerciseLease, witness } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

if (server !== null) {
  exerciseLease({ name: "mysql", newPlace: () => TestDatabase.create(server) });
}

test("mysql: a transaction that its server left open does not keep a standby out", {
  skip: missing,
}, async () => {
  await using database = await TestDatabase.create(server!);
  await using proxy = await TcpProxy.start(server!.port);
  const first = await database.open({ port: proxy.port, process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  // From the third request on its machine is gone: the server has an open transaction with locks.
  // Large enough to be sent in several pieces.
  const large = sampleJob(2, { workload: bytesFrom(2, 100_000) });
  const held = proxy.holdAtTurn({ turn: 2, of: "reply" });
  const late = first.commit(batchOf({ add: [large], remove: [1] }));
  late.catch(() => {});
  await deadline(held, PATIENCE_MS, "the open transaction");
  const second = await database.open({ process: witness("web2", true) });
  await second.commit(batchOf({ add: [sampleJob(3)] }));
  await proxy.resume();
  await assert.rejects(late);
  await assertRefuses(first.commit(batchOf({ add: [sampleJob(4)] })), "TAKEN_OVER");
  await Promise.all([first.close(), second.close()]);
  await assertKeys(database, [1, 3]);
});

test(
  "mysql: the server of the lease tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
