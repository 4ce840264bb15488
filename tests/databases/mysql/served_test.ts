/** What clients of cogd notice of a MySQL server that fails. */

import assert from "node:assert/strict";
import test from "node:test";
import { startMariadb } from "../../support/databases/mod.ts";
import { flavourMissing, programMissing, startCogd, WireClient } from "../../support/mod.ts";
import { exerciseServed, LOAD_FUNCTION, SERVED_FLAVOURS } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

if (server !== null) {
  exerciseServed({ name: "mysql", server, newPlace: () => TestDatabase.create(server) });
}

for (const flavour of SERVED_FLAVOURS) {
  test(
    `${flavour} on mysql: a workload beyond max_allowed_packet is refused at once, nothing is sent`,
    {
      skip: missing || flavourMissing(flavour),
    },
    async () => {
      await using database = await TestDatabase.create(server!);
      await server!.sql("SET GLOBAL max_allowed_packet = 1048576");
      try {
        await using cogd = await startCogd({ flavour, ...database.commandLine() });
        await using client = await WireClient.connect(cogd.port);
        const sessions = await database.sessions();
        for (const size of [1024 * 1024, 1000]) {
          client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: new Uint8Array(size) });
        }
        assert.equal((await client.expect("ERROR")).args[0], "QUEUE_ERROR");
        await client.expect("JOB_CREATED");
        assert.deepEqual(await database.sessions(), sessions);
      } finally {
        await server!.sql("SET GLOBAL max_allowed_packet = 16777216");
      }
    },
  );
}

test(
  "mysql: the server of the served tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
