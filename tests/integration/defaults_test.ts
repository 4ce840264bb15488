import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  binaryPath,
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  runProgram,
  ServerProcess,
  temporaryFolder,
} from "../support/mod.ts";
import { outputOf, testdata, until } from "./servers.ts";

/**
 * The executables started without any option, and clients that name no server. They meet in a network
 * of their own (a Linux network namespace with nothing but loopback), so that port 4730 is free.
 */

const forOthers = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
const UNSHARE = [...forOthers, "--net", "--mount"];

/** Why there can be no network of its own here, or false. */
function namespaceMissing(): string | false {
  const { status } = spawnSync("unshare", [...UNSHARE, "nsenter", "--version"], {
    stdio: "ignore",
  });
  if (status === 0) return false;
  const reason = "this machine lets no process have a network of its own (unshare, nsenter)";
  console.error(`skipped: ${reason}`);
  return reason;
}

/** Brings up loopback (Debian has perl in its smallest form, ip not), hides /var/lib, starts cogd. */
const WRAPPER = `
perl -e '$up = pack("a16s", "lo", 0x49); socket(S, 2, 2, 0); ioctl(S, 0x8914, $up) or die $!'
mount -t tmpfs none /var/lib
exec "$@"
`;

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour) || namespaceMissing() ||
    programMissing("gearman", "gearadmin", "php");

  test(`${flavour}: without options it takes gearmand's place on port 4730`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const wrapper = join(folder.path, "wrapper");
    await writeFile(wrapper, WRAPPER);
    const cogd = await ServerProcess.start("unshare", [
      ...UNSHARE,
      "sh",
      "-e",
      wrapper,
      binaryPath(flavour as "deno-binary" | "bun-binary"),
    ], {
      cwd: folder.path,
      bareEnvironment: true,
      env: { PATH: process.env["PATH"], HOME: folder.path },
    });
    const inside = [
      ...(forOthers.length > 0 ? ["--user"] : []),
      "--net",
      "--target",
      String(cogd.pid),
    ];
    const command = (...args: readonly string[]) => ["--preserve-credentials", ...inside, ...args];
    const run = (...args: readonly string[]) => outputOf("nsenter", command(...args));
    const start = (...args: readonly string[]) =>
      ServerProcess.start("nsenter", command(...args), { cwd: folder.path });
    const workers: ServerProcess[] = [];
    try {
      const line = await cogd.waitForLog(/cogd \S+ listening on/);
      assert.match(line, /listening on .*:4730/);
      assert.match(line, /; queue sqlite \/var\/lib\/cogd\/queue\.db: .* survive power loss$/);

      workers.push(await start("gearman", "-w", "-f", "ls", "--", "ls", "-lh"));
      const listed = await runProgram("ls", ["-lh"], { cwd: folder.path });
      assert.equal(await run("gearman", "-f", "ls"), listed.stdout);
      assert.equal(await run("gearman", "-h", "::1", "-f", "ls"), listed.stdout);

      const tutorial = (name: string) => testdata(`php/tutorial/${name}.php`);
      const worker = await start("php", tutorial("reverse_worker"));
      workers.push(worker);
      await worker.waitForLog("ready");
      const php = (name: string) => run("php", tutorial(name));
      assert.equal(await php("reverse_client"), "Success: !olleH\n");
      assert.equal(await php("reverse_client_background"), "done!\n");
      assert.equal(
        await php("reverse_client_tasks"),
        "CREATED: with a handle\nSTATUS: the task 1/2\nDATA: a\nSTATUS: the task 2/2\nDATA: b\n" +
          "COMPLETE: the task, ba\nDONE\n",
      );
      assert.match(worker.stdout, /^Received job reverse$/m);
      const idle = ["", ".", "ls\t0\t0\t1", "reverse\t0\t0\t1", "reverse_in_steps\t0\t0\t1"];
      // The job in the background may be the last one.
      await until("all jobs to be done", async () => {
        const status = (await run("gearadmin", "--status")).split("\n").sort();
        return status.join("|") === idle.join("|") || undefined;
      });
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      assert.deepEqual(await cogd.stop(), { code: 0, signal: null }, cogd.stderr);
    }
  });
}
