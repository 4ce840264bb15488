import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  flavourMissing,
  makeCertificates,
  programMissing,
  runProgram,
  ServerProcess,
  temporaryFolder,
} from "../support/mod.ts";
import { startServerNamed } from "./servers.ts";

/** The executables' tools by TLS, with a server of their own that has nothing else. */
for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour) || programMissing("openssl");

  test(`${flavour}: gearman, gearadmin and work speak TLS, and check whom they speak to`, {
    skip,
  }, async () => {
    await using certificates = await makeCertificates();
    await using folder = await temporaryFolder();
    const { server: own, ca, otherCa, client } = certificates;
    const files = ["--ssl", `--ssl-certificate=${own.cert}`, `--ssl-key=${own.key}`];
    await using server = await startServerNamed(flavour, [...files, "--queue-type=memory"]);
    await using plain = await startServerNamed(flavour, ["--queue-type=memory"]);
    const { command } = cogdCommand(flavour);
    const trusting = { GEARMAND_CA_CERTIFICATE: ca.cert };
    const run = (env: Readonly<Record<string, string>>, ...args: string[]) =>
      runProgram(command, args, {
        timeoutMs: 30_000,
        env: { GEARMAN_SERVER: undefined, GEARMAN_SERVERS: undefined, ...env },
      });
    const at = ["-h", "localhost", "-p", String(server.port)];

    const file = join(folder.path, "work.toml");
    await writeFile(
      file,
      [
        `servers = ["localhost:${server.port}"]`,
        `tls = { ca = "${ca.cert}" }`,
        "[functions.reverse]",
        'command = ["rev"]',
      ].join("\n"),
    );
    const workers = await Promise.all([
      ServerProcess.start(command, ["work", "--config", file]),
      ServerProcess.start(command, [
        "gearman",
        "-S",
        ...at,
        "-w",
        "-f",
        "upper",
        "tr",
        "a-z",
        "A-Z",
      ], {
        env: trusting,
      }),
      ServerProcess.start(
        command,
        ["work", "-S", ...at, "--function", "count", "--command", "wc -c"],
        { env: { ...trusting, GEARMAN_CLIENT_PEM: client.cert, GEARMAN_CLIENT_KEY: client.key } },
      ),
    ]);
    try {
      const large = "x".repeat(3_000_000);
      const asked = [["reverse", "abc", "cba"], ["upper", large, large.toUpperCase()]] as const;
      for (const [name, data, result] of asked) {
        const { command: path } = cogdCommand(flavour);
        const done = await runProgram(path, ["gearman", "-S", ...at, "-f", name], {
          stdin: data,
          timeoutMs: 30_000,
          env: trusting,
        });
        assert.deepEqual([done.stderr, done.code], ["", 0]);
        assert.equal(done.stdout, result);
      }
      const counted = await run(trusting, "gearman", "-S", ...at, "-f", "count", "abc");
      assert.equal(counted.stdout.trim(), "3");
      const status = await run(trusting, "gearadmin", "-S", ...at, "--status");
      assert.match(status.stdout, /^reverse\t0\t0\t1$/m);
      const check = await run(trusting, "gearadmin", "check", "--ssl", ...at);
      assert.match(check.stdout, /^GEARMAN OK - 3 functions/);
      const top = await run(trusting, "gearadmin", ...at, "-S", "top", "--count=1");
      assert.match(top.stdout, /reverse/);
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }

    const wrong = { GEARMAND_CA_CERTIFICATE: otherCa.cert };
    for (const env of [wrong, {}]) {
      const refused = await run(env, "gearman", "-S", ...at, "-f", "upper", "x");
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /^gearman: .*\(GEARMAN_COULD_NOT_CONNECT\) The certificate of "localhost:\d+" is not trusted: /,
      );
      const admin = await run(env, "gearadmin", "-S", ...at, "--status");
      assert.deepEqual([admin.code, admin.stdout], [1, ""]);
      assert.match(admin.stderr, /^Error: The certificate of "localhost:\d+" is not trusted: /);
    }
    const byAddress = ["-h", "127.0.0.1", "-p", String(server.port)];
    const stranger = await run(trusting, "gearadmin", "-S", ...byAddress, "--status");
    assert.match(
      stranger.stderr,
      /^Error: The certificate of "127.0.0.1:\d+" is not for that name/,
    );

    const port = String(plain.port);
    const toPlain = await run(trusting, "gearadmin", "-S", "-p", port, "--status");
    assert.match(toPlain.stderr, /^Error: .*speak TLS/);
    const toTls = await run({}, "gearadmin", ...at, "--status");
    assert.match(toTls.stderr, /^Error: The server (answers with TLS only|closed the connection)/);
    const clientToTls = await run({}, "gearman", ...at, "-f", "upper", "x");
    assert.deepEqual([clientToTls.code, clientToTls.stdout], [1, ""]);

    const missing = { GEARMAND_CA_CERTIFICATE: join(folder.path, "none.pem") };
    const unread = await run(missing, "gearman", "-S", ...at, "-f", "upper", "x");
    assert.match(unread.stderr, /^gearman: Cannot read ".*none\.pem"/);
    const unreadToo = await run(missing, "gearadmin", "-S", ...at, "--status");
    assert.match(unreadToo.stderr, /^Error: Cannot read ".*none\.pem"/);
  });
}
