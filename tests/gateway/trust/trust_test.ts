import assert from "node:assert/strict";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Problem } from "../../../src/gateway/problem.ts";
import {
  changeTokenFile,
  newToken,
  readTokenFile,
  type Tokens,
  Trust,
} from "../../../src/gateway/trust/mod.ts";
import type { HttpPeer } from "../../../src/http/mod.ts";
import { temporaryFolder } from "../../support/mod.ts";
import { entry, TokenScene } from "./token_scene.ts";

const PEER = { remoteAddress: "127.0.0.1", remotePort: 1 } as HttpPeer;

function callerOf(tokens: Tokens, token: string): string {
  const found = tokens.find(token);
  return typeof found === "string" ? found : found.caller;
}

test("tokens are found by what they are, several at once, until they expire", async () => {
  await using folder = await temporaryFolder();
  const scene = new TokenScene(folder.path);
  const [old, fresh] = [newToken(), newToken()];
  scene.write(
    entry("old", old, { expires: "2026-02-01T00:00:00Z" }),
    entry("fresh", fresh, { roles: ["admin"] }),
  );
  const tokens = scene.open();
  assert.equal(callerOf(tokens, old), "token old");
  assert.equal(callerOf(tokens, fresh), "token fresh");
  assert.equal(callerOf(tokens, `${fresh}x`), "unknown");
  assert.equal(callerOf(tokens, ""), "unknown");
  scene.clock.pass(Date.parse("2026-02-01T00:00:00Z") - scene.clock.now());
  assert.equal(callerOf(tokens, old), "expired");
  assert.equal(new Set(Array.from({ length: 50 }, newToken)).size, 50);
});

test("a changed file is read anew within a second", async () => {
  await using folder = await temporaryFolder();
  const scene = new TokenScene(folder.path);
  const [first, second] = [newToken(), newToken()];
  scene.write(entry("first", first));
  const tokens = scene.open();
  scene.write(entry("second", second));
  scene.clock.pass(999);
  assert.equal(callerOf(tokens, first), "token first");
  scene.clock.pass(1);
  assert.equal(callerOf(tokens, first), "unknown");
  assert.equal(callerOf(tokens, second), "token second");
  assert.match(scene.lines.join(), /^NOTICE .* 1 tokens$/);
});

test("a file that is broken for a while locks nobody out; one that is gone does", async () => {
  await using folder = await temporaryFolder();
  const scene = new TokenScene(folder.path);
  const token = newToken();
  scene.write(entry("a", token));
  const tokens = scene.open();
  writeFileSync(scene.path, "{");
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, token), "token a");
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, token), "token a");
  assert.equal(scene.lines.length, 1);
  assert.match(scene.lines[0]!, /^ERROR .*no JSON.*still count/);
  rmSync(scene.path);
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, token), "unknown");
  scene.write(entry("a", token));
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, token), "token a");
});

test("a file that others may write is refused, one that they may read is complained about", async () => {
  await using folder = await temporaryFolder();
  const scene = new TokenScene(folder.path);
  scene.write(entry("a", newToken()));
  assert.equal(readTokenFile(scene.path).warning, undefined);
  chmodSync(scene.path, 0o644);
  assert.match(readTokenFile(scene.path).warning!, /chmod 600/);
  scene.open();
  assert.match(scene.lines.join(), /^WARNING/);
  chmodSync(scene.path, 0o620);
  assert.throws(() => scene.open(), { code: "UNSAFE" });
});

test("a file that was refused for its permissions is read when they are right", async () => {
  await using folder = await temporaryFolder();
  const scene = new TokenScene(folder.path);
  const [old, fresh] = [newToken(), newToken()];
  scene.write(entry("old", old));
  const tokens = scene.open();
  scene.write(entry("fresh", fresh));
  chmodSync(scene.path, 0o620);
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, old), "token old");
  assert.match(scene.lines.join(), /^ERROR .*others may write/);
  chmodSync(scene.path, 0o600);
  scene.clock.pass(1000);
  assert.equal(callerOf(tokens, fresh), "token fresh");
  assert.equal(callerOf(tokens, old), "unknown");
});

test("a file with anything wrong in it is refused", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/tokens`;
  const good = entry("a", "x");
  const wrong: readonly unknown[] = [
    "no object",
    {},
    { tokens: [{ ...good, name: "" }] },
    { tokens: [{ ...good, sha256: "00" }] },
    { tokens: [{ ...good, roles: [] }] },
    { tokens: [{ ...good, roles: ["root"] }] },
    { tokens: [{ ...good, functions: [""] }] },
    { tokens: [{ ...good, created: "once" }] },
    { tokens: [{ ...good, expires: "never" }] },
    { tokens: [{ ...good, expires: undefined }] },
    { tokens: [good, good] },
  ];
  for (const content of wrong) {
    writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
    assert.throws(() => readTokenFile(path), { code: "INVALID" }, JSON.stringify(content));
  }
  assert.throws(() => readTokenFile(`${path}.none`), { code: "UNREADABLE" });
  assert.throws(() => changeTokenFile(`${folder.path}/no/tokens`, () => []), {
    code: "UNWRITABLE",
  });
});

interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
}

/** `admitted`, or what the refusal says. */
function admit(
  trust: Trust,
  { method = "GET", url = "http://localhost:8080/", headers = {} }: Sent,
) {
  // Only servers may set the headers of browsers on a Request.
  const request = { method, url, headers: new Map(Object.entries(headers)) };
  const asRequest = { ...request, headers: { get: (name: string) => headers[name] ?? null } };
  try {
    trust.admit(asRequest as unknown as Request, PEER);
    return "admitted";
  } catch (error) {
    assert.ok(error instanceof Problem);
    return error.type;
  }
}

test("without tokens it answers under its own names only, whatever they point to", () => {
  const trust = new Trust({ tokens: null, hostNames: ["cogd.example", "127.0.0.2"] });
  const under = (host: string) => admit(trust, { url: `http://${host}/queues` });
  for (
    const own of ["localhost:8080", "localhost", "127.0.0.1:1", "[::1]:8080", "127.0.0.2:8080"]
  ) {
    assert.equal(under(own), "admitted", own);
  }
  assert.equal(under("COGD.example:8080"), "admitted");
  for (
    const foreign of [
      "attacker.example:8080",
      "localhost.attacker.example",
      "127.0.0.1.attacker.example",
      "10.0.0.1:8080",
      "[::2]:8080",
      "localhost.:8080",
    ]
  ) {
    assert.equal(under(foreign), "host-not-allowed", foreign);
  }
  assert.throws(
    () => trust.admit(new Request("http://attacker.example:8080/"), PEER),
    /--http-host attacker\.example/,
  );
  const any = new Trust({ tokens: null, hostNames: null });
  assert.equal(admit(any, { url: "http://attacker.example/" }), "admitted");
});

test("pages of other sites may change nothing", () => {
  const trust = new Trust({ tokens: null, hostNames: ["cogd.example"] });
  const sent = (headers: Record<string, string>, method = "POST") =>
    admit(trust, { method, headers });
  assert.equal(sent({}), "admitted");
  assert.equal(sent({ origin: "http://localhost:8080" }), "admitted");
  assert.equal(sent({ origin: "https://cogd.example" }), "admitted");
  assert.equal(sent({ "sec-fetch-site": "same-origin" }), "admitted");
  assert.equal(sent({ "sec-fetch-site": "none" }), "admitted");
  for (
    const foreign of [
      { origin: "http://attacker.example" },
      { origin: "null" },
      { origin: "http://localhost:9090" },
      { origin: "http://localhost" },
      { origin: "file://" },
      { origin: "http://localhost:8080", "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
    ]
  ) {
    assert.equal(sent(foreign), "origin-not-allowed", JSON.stringify(foreign));
    assert.equal(sent(foreign, "DELETE"), "origin-not-allowed", JSON.stringify(foreign));
    assert.equal(sent(foreign, "GET"), "admitted", JSON.stringify(foreign));
  }
});
