import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  runProgram,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { ask } from "./http_caller.ts";

/** What is open with a token ends when the command takes the token away. */

async function manage(flavour: CogdFlavour, ...words: string[]): Promise<string> {
  const { command, args } = cogdCommand(flavour);
  const { code, stdout, stderr } = await runProgram(command, [...args, "token", ...words]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

for (const flavour of COGD_BINARIES) {
  test(
    `${flavour}: streams, long polls and synchronous calls end with their token, others do not`,
    {
      skip: flavourMissing(flavour),
    },
    async () => {
      await using folder = await temporaryFolder();
      const file = `--file=${join(folder.path, "tokens")}`;
      const add = (name: string) => manage(flavour, "add", file, `--name=${name}`, "--role=admin");
      const tokens = { gone: await add("gone"), kept: await add("kept") };
      const args = [file.replace("--file", "--http-tokens"), "--queue-type=memory"];
      await using cogd = await startCogd({ flavour, http: true, args });
      const as = (who: keyof typeof tokens) => ({
        headers: { authorization: `Bearer ${tokens[who]}` },
      });
      const submit = "POST /jobs/f?background=true&delay=1h";
      const { json } = await ask(cogd.url, submit, as("kept"));
      const job = `/jobs/${String(json["handle"])}`;
      const keptPoll = ask(cogd.url, `GET ${job}?wait=60`, as("kept"));
      const stream = await fetch(`${cogd.url}${job}/events`, as("gone"));
      assert.equal(stream.status, 200);
      const ended = stream.text();
      const poll = ask(cogd.url, `GET ${job}?wait=60`, as("gone"));
      const sync = ask(cogd.url, "POST /jobs/g", as("gone"));
      await manage(flavour, "remove", file, "--name=gone");
      for (const answer of await Promise.all([poll, sync])) {
        assert.deepEqual([answer.status, answer.problem], [401, "unauthorized"]);
      }
      assert.doesNotMatch(
        await deadline(ended, PATIENCE_MS, "the end of the stream"),
        /event: (complete|failed|cancelled)/,
      );
      await ask(cogd.url, `DELETE ${job}`, as("kept"));
      assert.equal((await keptPoll).status, 200);
    },
  );
}
