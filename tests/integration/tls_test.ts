import assert from "node:assert/strict";
import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  type CertificateFiles,
  COGD_FLAVOURS,
  cogdCommand,
  type CogdFlavour,
  flavourMissing,
  makeCertificates,
  programMissing,
  type RunningCogd,
  runProgram,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { outputOf, testdata } from "./servers.ts";

/** cogd with TLS on both ports, asked by OpenSSL, curl and Perl's Gearman::Client. */

const PROGRAMS_MISSING = programMissing("openssl", "curl", "perl");
const VERSION = /^OK \d+\.\d+\.\d+/m;

function startWithTls(
  flavour: CogdFlavour,
  { cert, key }: CertificateFiles,
  ...words: string[]
): Promise<RunningCogd> {
  return startCogd({
    flavour,
    http: true,
    args: [
      ...["--ssl", "--http-ssl", "--ssl-certificate", cert, "--ssl-key", key],
      ...["--verbose=INFO", ...words],
    ],
  });
}

/**
 * What OpenSSL's client prints when it asks for the version: who the server is by its certificate, which must be
 * by `authority`, and the answer.
 */
async function versionByOpenssl(
  { port }: RunningCogd,
  authority: string,
  ...words: string[]
): Promise<string> {
  // It stays connected until it is stopped or refused.
  const answered = new AbortController();
  let output = "";
  await runProgram("openssl", [
    ..."s_client -quiet -verify_return_error -CAfile".split(" "),
    ...[authority, "-connect", `127.0.0.1:${port}`, ...words],
  ], {
    stdin: "version\n",
    abort: answered.signal,
    onOutput: (text) => {
      output += text;
      if (VERSION.test(output)) answered.abort();
    },
  });
  return output;
}

function curl({ httpPort }: RunningCogd, path: string, ...words: string[]): Promise<string> {
  return outputOf("curl", [
    "-sS",
    "--max-time",
    "60",
    `https://localhost:${httpPort}${path}`,
    ...words,
  ]);
}

for (const flavour of COGD_FLAVOURS) {
  const skip = flavourMissing(flavour) || PROGRAMS_MISSING;

  test(`${flavour}: both ports speak TLS with OpenSSL, Perl and curl`, { skip }, async () => {
    await using made = await makeCertificates();
    await using cogd = await startWithTls(flavour, made.server);
    assert.match(cogd.startLine, / 127\.0\.0\.1:\d+ \(TLS\), https:\/\/127\.0\.0\.1:\d+; queue /);

    for (const version of ["-tls1_2", "-tls1_3"]) {
      assert.match(await versionByOpenssl(cogd, made.ca.cert, version), VERSION, version);
    }
    assert.doesNotMatch(await versionByOpenssl(cogd, made.otherCa.cert), VERSION);

    const script = [testdata("perl/tls.pl"), String(cogd.port), made.ca.cert];
    assert.equal(await outputOf("perl", script), "olleh\nlarge: equal\n");

    const trusted = ["--cacert", made.ca.cert];
    const posted = await curl(
      cogd,
      "/jobs/resize",
      ...trusted,
      "-d",
      "cat.png",
      "-H",
      "Prefer: respond-async",
    );
    assert.match(posted, /"handle":"H:/);
    const { listeners } = JSON.parse(await curl(cogd, "/info", ...trusted)) as {
      listeners: readonly { protocol: string; tls: boolean }[];
    };
    assert.deepEqual(
      listeners.map(({ protocol, tls }) => [protocol, tls]),
      [["gearman", true], ["http", true]],
    );
    const metrics = await curl(cogd, "/metrics", ...trusted);
    const expiry = /^gearman_tls_certificate_expiry_seconds\{listener="gearman"\} (\d+)$/m.exec(
      metrics,
    );
    const days = (Number(expiry?.[1]) - Date.now() / 1000) / 86_400;
    assert.ok(days > 1.9 && days < 2.1, `the certificate ends in ${days} days`);
    assert.match(
      metrics,
      /^gearman_connections_refused_total\{listener="gearman",reason="TLS"\} [1-9]/m,
    );
  });

  test(`${flavour}: SIGHUP brings a renewed certificate`, { skip }, async () => {
    await using made = await makeCertificates();
    await using folder = await temporaryFolder();
    const files = { cert: join(folder.path, "cert.pem"), key: join(folder.path, "key.pem") };
    const place = async ({ cert, key }: CertificateFiles) => {
      await copyFile(cert, files.cert);
      await copyFile(key, files.key);
      await chmod(files.key, 0o600);
    };
    await place(made.server);
    await using cogd = await startCogd({
      flavour,
      args: ["--ssl", "--ssl-key=nowhere", "--verbose=INFO"],
      env: { GEARMAND_SERVER_PEM: files.cert, GEARMAND_SERVER_KEY: files.key },
    });
    const shown = async () => {
      const said = await versionByOpenssl(cogd, made.ca.cert);
      assert.match(said, VERSION);
      return /depth=0 CN ?= ?(\S+)/.exec(said)?.[1];
    };
    assert.equal(await shown(), "localhost");

    await copyFile(made.stranger.cert, files.cert);
    cogd.process.signal("SIGHUP");
    await cogd.process.waitForLog(
      /ERROR .*key\.pem .*does not belong to .* goes on with CN=localhost/,
    );
    assert.equal(await shown(), "localhost");

    await place(made.stranger);
    cogd.process.signal("SIGHUP");
    await cogd.process.waitForLog(/NOTICE .*New TLS certificate: CN=db\.example/);
    assert.equal(await shown(), "db.example");
    assert.doesNotMatch(cogd.process.stderr, /PRIVATE KEY/);
  });

  test(
    `${flavour}: only clients with a certificate are served, or the start is refused`,
    { skip },
    async () => {
      await using made = await makeCertificates();
      const words = ["--ssl-verify-client", "--ssl-ca-file", made.ca.cert];
      if (flavour === "deno" || flavour === "deno-binary") {
        const { command, args } = cogdCommand(flavour);
        const { cert, key } = made.server;
        const result = await runProgram(command, [
          ...[...args, "--ssl", ...words, "--ssl-certificate", cert, "--ssl-key", key],
          ...["--queue-type=builtin", "--no-http", "--listen=127.0.0.1", "--port=0"],
        ]);
        assert.match(
          result.stderr,
          /^cogd: Cannot check certificates of clients .*dist\/cogd-bun/m,
        );
        return assert.equal(result.code, 1);
      }
      await using cogd = await startWithTls(flavour, made.server, ...words);
      const by = ({ cert, key }: CertificateFiles) => ["-cert", cert, "-key", key];
      assert.match(await versionByOpenssl(cogd, made.ca.cert, ...by(made.client)), VERSION);
      for (const none of [[], by(made.otherCa)]) {
        assert.doesNotMatch(await versionByOpenssl(cogd, made.ca.cert, ...none), VERSION);
      }
      const script = [testdata("perl/tls.pl"), String(cogd.port), made.ca.cert];
      const own = [made.client.cert, made.client.key];
      assert.equal(await outputOf("perl", [...script, ...own]), "olleh\nlarge: equal\n");
      const trusted = ["--cacert", made.ca.cert];
      await assert.rejects(curl(cogd, "/livez", ...trusted));
      const shown = ["--cert", made.client.cert, "--key", made.client.key];
      assert.match(await curl(cogd, "/livez", ...trusted, ...shown), /"ok":true/);
    },
  );
}
