import assert from "node:assert/strict";
import { chmod, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { startLine } from "../../src/cli/start_line.ts";
import { type TlsConfig, tlsConfig } from "../../src/cli/tls_config.ts";
import { readTlsMaterial } from "../../src/cli/tls_material.ts";
import { TlsPorts } from "../../src/cli/tls_ports.ts";
import { DEFAULT_LIMITS } from "../../src/core/mod.ts";
import {
  checksClientCertificates,
  type Listen,
  type ListenTls,
  type TlsMaterial,
} from "../../src/runtime/mod.ts";
import {
  makeCertificates,
  programMissing,
  runProgram,
  temporaryFolder,
  type TestCertificates,
} from "../support/mod.ts";

const NEEDS_OPENSSL = { skip: programMissing("openssl") };
const DAY_MS = 86_400_000;

function configOf(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): TlsConfig | undefined {
  return tlsConfig(readCommandLine(words, [memoryPlugin], []), environment);
}

/** The ports of `config` as they would be opened, and all that was logged. */
function openPorts(config: TlsConfig, now = Date.now()) {
  const lines: string[] = [];
  const opened: ListenTls[] = [];
  const renewed: TlsMaterial[] = [];
  let failure: Error | undefined;
  const ports = new TlsPorts(config, {
    log: { log: (level, text) => void lines.push(`${level} ${text}`), enabled: () => true },
    now: () => now,
    limits: DEFAULT_LIMITS,
  });
  const listen: Listen = ({ hostname, port, tls }) => {
    opened.push(tls!);
    return Promise.resolve({
      address: { hostname, port },
      close: () => Promise.resolve(),
      renew(material) {
        if (failure !== undefined) return Promise.reject(failure);
        renewed.push(material);
        return Promise.resolve();
      },
    });
  };
  const fail = (error: Error) => failure = error;
  return { ports, listen, lines, opened, renewed, fail };
}

const WHERE = { hostname: "127.0.0.1", port: 4730, backlog: 1, keepAlive: { enabled: true } };
const NOBODY = {
  connection(): never {
    throw new Error("nobody comes");
  },
  acceptFailed() {},
  acceptResumed() {},
};

function filesOf({ server }: TestCertificates, words: readonly string[] = []): TlsConfig {
  return configOf(["--ssl", "--ssl-certificate", server.cert, "--ssl-key", server.key, ...words])!;
}

test("TLS is for the ports that ask for it", () => {
  assert.equal(configOf([]), undefined);
  // As with gearmand, files alone ask for nothing.
  assert.equal(configOf(["--ssl-key=a", "--ssl-certificate=b", "--ssl-ca-file=c"]), undefined);
  const ports = (...words: string[]) => {
    const { gearman, http } = configOf(words)!;
    return [gearman, http];
  };
  assert.deepEqual(ports("--ssl"), [true, false]);
  assert.deepEqual(ports("--http-ssl"), [false, true]);
  assert.deepEqual(ports("--ssl", "--http-ssl"), [true, true]);
  assert.throws(() => configOf(["--http-ssl", "--no-http"]), { code: "INVALID_ARGUMENT" });
  assert.throws(() => configOf(["--ssl-verify-client"]), {
    code: "INVALID_ARGUMENT",
    message: /add --ssl, --http-ssl, or both/,
  });
});

test("variables win over options, and options over gearmand's default files", () => {
  const named = (words: readonly string[], environment?: Readonly<Record<string, string>>) => {
    const { certificate, key, authority } = configOf(["--ssl", ...words], environment)!;
    return [certificate.path, key.path, authority?.path];
  };
  assert.deepEqual(named([]), [
    "/etc/ssl/certs/gearmand.pem",
    "/etc/ssl/certs/gearmand.key",
    undefined,
  ]);
  const words = ["--ssl-certificate=a", "--ssl-key=b", "--ssl-ca-file=c"];
  assert.deepEqual(named(words), ["a", "b", "c"]);
  const environment = {
    GEARMAND_SERVER_PEM: "d",
    GEARMAND_SERVER_KEY: "e",
    GEARMAND_CA_CERTIFICATE: "f",
  };
  assert.deepEqual(named(words, environment), ["d", "e", "f"]);
  assert.equal(configOf(["--ssl"], environment)!.key.namedBy, "GEARMAND_SERVER_KEY");
});

test("clients are checked where the runtime can, and else the start is refused", () => {
  const ask = () => configOf(["--ssl", "--ssl-verify-client"])!;
  if (!checksClientCertificates) {
    assert.throws(ask, { code: "NOT_AVAILABLE", message: /dist\/cogd-bun/ });
    return;
  }
  assert.equal(ask().verifiesClients, true);
  assert.equal(ask().authority?.path, "/etc/ssl/certs/gearmand-ca.pem");
});

test("files that cannot be used are named, with the reason", NEEDS_OPENSSL, async () => {
  await using made = await makeCertificates();
  await using folder = await temporaryFolder();
  const config = filesOf(made);
  const garbage = join(folder.path, "garbage.pem");
  const broken = join(folder.path, "broken.pem");
  const brokenKey = join(folder.path, "broken.key");
  const locked = join(folder.path, "locked.key");
  await writeFile(garbage, "nothing of the kind\n");
  await writeFile(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await writeFile(brokenKey, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const { code, output } = await runProgram("openssl", [
    ..."ec -aes256 -passout pass:secret -in".split(" "),
    made.server.key,
    "-out",
    locked,
  ]);
  assert.equal(code, 0, output);
  const failure = (change: Partial<Record<"certificate" | "key" | "authority", string>>) => {
    const changed = Object.fromEntries(
      Object.entries(change).map(([name, path]) => [name, { path, namedBy: `--${name}` }]),
    );
    try {
      readTlsMaterial({ ...config, ...changed }, Date.now());
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, "TLS_FILES");
      return (error as Error).message;
    }
    return "";
  };
  const missing = join(folder.path, "missing");
  const reasons: readonly (readonly [Parameters<typeof failure>[0], RegExp])[] = [
    [{ certificate: missing }, /missing \(--certificate\) for TLS: there is no such file$/],
    [{ key: missing }, /missing \(--key\) for TLS: there is no such file$/],
    [{ authority: missing }, /missing \(--authority\) for TLS: there is no such file$/],
    [{ certificate: folder.path }, /EISDIR|is a directory/i],
    [{ certificate: garbage }, /garbage\.pem .*no certificate in PEM form$/],
    [{ certificate: made.server.key }, /no certificate in PEM form$/],
    [{ certificate: broken }, /broken\.pem .*its certificate cannot be read/],
    [{ authority: garbage }, /garbage\.pem \(--authority\)/],
    [{ key: garbage }, /no private key in PEM form$/],
    [{ key: made.server.cert }, /no private key in PEM form$/],
    [{ key: brokenKey }, /broken\.key .*its private key cannot be read$/],
    [{ key: locked }, /locked\.key .*passphrase/],
    [
      { key: made.client.key },
      /client\.key .*does not belong to the certificate in .*server\.pem$/,
    ],
  ];
  for (const [change, reason] of reasons) assert.match(failure(change), reason);
  assert.equal(failure({}), "");
});

test("a certificate counts from its begin to its end", NEEDS_OPENSSL, async () => {
  await using made = await makeCertificates();
  const config = filesOf(made);
  const now = Date.now();
  const { expiresAt, subject } = readTlsMaterial(config, now);
  assert.equal(subject, "CN=localhost");
  // They are made for two days.
  assert.ok(Math.abs(expiresAt - now - 2 * DAY_MS) < 3_600_000, new Date(expiresAt).toISOString());
  assert.throws(() => readTlsMaterial(config, expiresAt), {
    message: /server\.pem \(--ssl-certificate\) for TLS: its certificate has expired on 20\d\d-/,
  });
  assert.throws(() => readTlsMaterial(config, now - DAY_MS), {
    message: /its certificate is not valid before 20\d\d-/,
  });
});

test(
  "keys of the usual kinds, and certificates behind other texts, are understood",
  NEEDS_OPENSSL,
  async () => {
    await using folder = await temporaryFolder();
    const [cert, key, both] = ["a.pem", "a.key", "both.pem"].map((name) => join(folder.path, name));
    for (const kind of ["rsa:2048", "ed25519", "ec -pkeyopt ec_paramgen_curve:secp384r1"]) {
      const { code, output } = await runProgram("openssl", [
        ..."req -x509 -nodes -days 2 -subj /CN=kinds -newkey".split(" "),
        ...kind.split(" "),
        ...["-keyout", key!, "-out", cert!],
      ]);
      assert.equal(code, 0, output);
      await writeFile(
        both!,
        `about it\n${await readFile(key!, "utf8")}${await readFile(cert!, "utf8")}`,
      );
      const config = configOf(["--ssl", "--ssl-certificate", both!, "--ssl-key", both!])!;
      const { subject, certificate, key: text } = readTlsMaterial(config, Date.now());
      assert.equal(subject, "CN=kinds", kind);
      assert.equal(certificate, await readFile(cert!, "utf8"));
      assert.equal(text, await readFile(key!, "utf8"));
    }
  },
);

test(
  "a key that everybody may read is warned of, and no key reaches the log",
  NEEDS_OPENSSL,
  async () => {
    await using made = await makeCertificates();
    const config = filesOf(made);
    const { lines: warned } = openPorts(config);
    assert.match(warned[0]!, /^WARNING Everybody .* TLS key .*server\.key: chmod 640$/);
    await chmod(made.server.key, 0o640);
    const { lines } = openPorts(config);
    assert.deepEqual(lines.filter((line) => line.startsWith("WARNING")), []);
    assert.match(lines.join("\n"), /^INFO TLS with CN=localhost, valid until 20\d\d-\d\d-/);
    const key = await readFile(made.server.key, "utf8");
    const secret = key.split("\n")[1]!;
    assert.ok(![...warned, ...lines].some((line) => line.includes(secret.slice(0, 12))));
  },
);

test(
  "listeners get the files' texts and the limits, and refusals are counted for each port",
  NEEDS_OPENSSL,
  async () => {
    await using made = await makeCertificates();
    const { ports, listen, lines, opened } = openPorts(filesOf(made, ["--http-ssl"]));
    await ports.gearman!.over(listen)(WHERE, NOBODY);
    await ports.http!.over(listen)(WHERE, NOBODY);
    for (const tls of opened) {
      assert.equal(tls.certificate, await readFile(made.server.cert, "utf8"));
      assert.equal(tls.key, await readFile(made.server.key, "utf8"));
      assert.equal(tls.clientAuthority, undefined);
      assert.equal(tls.handshakeMs, DEFAULT_LIMITS.handshakeMs);
      assert.equal(tls.maxHandshakes, DEFAULT_LIMITS.maxHandshakes);
    }
    opened[0]!.refused("192.0.2.1:5", new Error("no version in common"));
    opened[1]!.refused("192.0.2.2:5", new Error("a"));
    opened[1]!.refused("192.0.2.2:6", new Error("b"));
    assert.deepEqual([ports.gearman!.refused, ports.http!.refused], [1, 2]);
    assert.ok(
      lines.includes("INFO Refused 192.0.2.1:5: TLS was not agreed on: no version in common"),
    );
  },
);

test(
  "reading again takes new files, keeps to the old ones if those are of no use",
  NEEDS_OPENSSL,
  async () => {
    await using made = await makeCertificates();
    await chmod(made.server.key, 0o600);
    await chmod(made.stranger.key, 0o600);
    const { ports, listen, lines, renewed, fail } = openPorts(filesOf(made));
    await ports.gearman!.over(listen)(WHERE, NOBODY);
    const old = ports.gearman!.expiresAt;
    const last = () => lines.at(-1)!;

    await ports.reload();
    assert.equal(renewed.length, 0);
    assert.match(last(), /^INFO The TLS certificate is the same: CN=localhost/);

    await copyFile(made.stranger.cert, made.server.cert);
    await ports.reload();
    assert.equal(renewed.length, 0);
    assert.match(
      last(),
      /^ERROR .*server\.key .*does not belong .*goes on with CN=localhost, valid/,
    );

    await copyFile(made.stranger.key, made.server.key);
    await ports.reload();
    assert.equal(renewed.length, 1);
    assert.equal(renewed[0]!.certificate, await readFile(made.stranger.cert, "utf8"));
    assert.match(last(), /^NOTICE New TLS certificate: CN=db\.example, valid until /);
    assert.ok(ports.gearman!.expiresAt >= old);

    await copyFile(made.client.cert, made.server.cert);
    await copyFile(made.client.key, made.server.key);
    fail(new Error("no descriptor is left"));
    await ports.reload();
    assert.match(last(), /^ERROR no descriptor is left; TLS goes on with CN=db\.example/);
  },
);

test(
  "a port that is opened while files are read again shows the new ones",
  NEEDS_OPENSSL,
  async () => {
    await using made = await makeCertificates();
    const { ports, listen, renewed } = openPorts(filesOf(made));
    const address = Promise.withResolvers<void>();
    const opening = ports.gearman!.over(async (where, handler) => {
      await address.promise;
      return await listen(where, handler);
    })(WHERE, NOBODY);
    await copyFile(made.stranger.cert, made.server.cert);
    await copyFile(made.stranger.key, made.server.key);
    await ports.reload();
    assert.equal(renewed.length, 0);
    address.resolve();
    await opening;
    assert.equal(renewed[0]?.certificate, await readFile(made.stranger.cert, "utf8"));
  },
);

test("the start line says which ports have TLS", () => {
  const store = { description: "none", durability: "nothing" } as const;
  const address = (port: number) => [{ hostname: "127.0.0.1", port }];
  const line = (gearman: boolean, http: boolean) =>
    startLine(address(1), address(2), store, { gearman, http });
  assert.match(line(true, true), / 127\.0\.0\.1:1 \(TLS\), https:\/\/127\.0\.0\.1:2; /);
  assert.match(line(true, false), / 127\.0\.0\.1:1 \(TLS\), http:\/\/127\.0\.0\.1:2; /);
  assert.match(line(false, true), / 127\.0\.0\.1:1, https:\/\/127\.0\.0\.1:2; /);
});
