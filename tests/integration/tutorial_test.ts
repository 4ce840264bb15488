import assert from "node:assert/strict";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  flavourMissing,
  programMissing,
  PROJECT_ROOT,
  type RunningCogd,
  runProgram,
  ServerProcess,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { outputOf, untilStatus } from "./servers.ts";
import { consoleExchanges, runSession, shownFiles, substitute } from "./transcript.ts";

/**
 * docs/tutorial.md line by line. Its files are written as they are shown. Only the ports 4730 and 8080
 * are others, in commands and files; programs that are given none are given them here.
 */

const TUTORIAL = await readFile(join(PROJECT_ROOT, "docs/tutorial.md"), "utf8");

interface Place {
  readonly folder: string;
  readonly substitutions: Readonly<Record<string, string>>;
}

async function withTutorial(
  flavour: CogdFlavour,
  use: (place: Place, cogd: RunningCogd) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  await using cogd = await startCogd({ flavour, http: true });
  const substitutions = { "4730": String(cogd.port), "8080": String(cogd.httpPort) };
  for (const [name, content] of shownFiles(TUTORIAL)) {
    await writeFile(join(folder.path, name), substitute(content, substitutions));
  }
  await symlink(PROJECT_ROOT, join(folder.path, "cogd-source"));
  await symlink(cogdCommand(flavour).command, join(folder.path, "cogd"));
  await use({ folder: folder.path, substitutions }, cogd);
}

const LANGUAGES = ["python3", "node", "deno", "bun"];

/** Why it cannot run here, or false. */
async function languagesMissing(): Promise<string | false> {
  for (const language of LANGUAGES) {
    const { code } = await runProgram("sh", ["-c", `command -v ${language}`]);
    if (code !== 0) return `${language} is not installed`;
  }
  return false;
}

const noLanguages = await languagesMissing();

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour) || noLanguages ||
    programMissing("curl", "gearman", "gearadmin", "php", "perl");

  test(`${flavour}: the tutorial goes as printed`, { skip }, async () => {
    await withTutorial(flavour, async (place, cogd) => {
      await runSession(consoleExchanges(TUTORIAL), {
        cwd: place.folder,
        env: { PATH: `${place.folder}:${process.env["PATH"] ?? ""}` },
        substitutions: {
          ...place.substitutions,
          "gearman -": `gearman -p ${cogd.port} -`,
          "cogd work -": `cogd work -p ${cogd.port} -`,
          "gearadmin -": `gearadmin --port=${cogd.port} -`,
        },
      });
    });
  });

  test(`${flavour}: every worker of the tutorial serves every client`, { skip }, async () => {
    await withTutorial(flavour, async (place, cogd) => {
      const options = { cwd: place.folder, env: { GEARMAN_SERVERS: undefined } };
      const words = (command: Words) =>
        command.map((word) =>
          word === "cogd" ? join(place.folder, word) : substitute(word, place.substitutions)
        ) as unknown as Words;
      const clients = CLIENTS.map(words);
      for (const [command, ...args] of WORKERS.map(words)) {
        const worker = await ServerProcess.start(command, args, options);
        try {
          await untilStatus(cogd.port, /^reverse\t0\t0\t1$/);
          const results = await Promise.all(
            clients.map(async ([program, ...rest]) => {
              return [program, (await outputOf(program, rest, options)).trim()];
            }),
          );
          assert.deepEqual(results, clients.map(([program]) => [program, "dlrow olleh"]), command);
        } finally {
          await worker.stop();
        }
        await untilStatus(cogd.port, /^reverse\t0\t0\t0$/);
      }
    });
  });
}

type Words = readonly [string, ...string[]];

const WORKERS: readonly Words[] = [
  ["cogd", "gearman", "-p", "4730", "-w", "-f", "reverse", "--", "rev"],
  ["cogd", "work", "-p", "4730", "--function", "reverse", "--command", "rev"],
  ["gearman", "-p", "4730", "-w", "-f", "reverse", "--", "rev"],
  ["php", "worker.php"],
  ["perl", "worker.pl"],
  ["python3", "worker.py"],
  ["deno", "run", "--allow-net", "worker.ts"],
  ["bun", "worker.ts"],
];

const CLIENTS: readonly Words[] = [
  ["cogd", "gearman", "-p", "4730", "-f", "reverse", "hello world"],
  ["gearman", "-p", "4730", "-f", "reverse", "hello world"],
  ["curl", "-s", "-d", "hello world", "localhost:8080/jobs/reverse"],
  ["php", "client.php", "hello world"],
  ["perl", "client.pl", "hello world"],
  ["python3", "client.py", "hello world"],
  ["node", "client.mjs", "hello world"],
  ["deno", "run", "--allow-net", "client.ts", "hello world"],
  ["bun", "client.ts", "hello world"],
];
