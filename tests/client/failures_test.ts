import assert from "node:assert/strict";
import { test } from "node:test";
import { GearmanClient, GearmanError, textCodec } from "../../src/client/mod.ts";
import { freePort } from "../support/mod.ts";

test("without any server, calls reject and say why", async () => {
  const ports = [await freePort(), await freePort()];
  using client = new GearmanClient({
    servers: ports.map((port) => `127.0.0.1:${port}`),
    codec: textCodec,
  });
  await assert.rejects(client.do("x", "").result, (error) => {
    assert.ok(error instanceof GearmanError);
    assert.equal(error.code, "CONNECT_FAILED");
    for (const port of ports) assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
    return true;
  });
  await assert.rejects(client.status("H:x:1"), { code: "CONNECT_FAILED" });
  client.close();
  await assert.rejects(client.doBackground("x", ""), { code: "CLOSED" });
});

test("what cannot be sent is refused before it is sent", async () => {
  assert.throws(() => new GearmanClient({ servers: ["a:b:c:d"] }), { code: "INVALID_ARGUMENT" });
  assert.throws(() => new GearmanClient({ servers: [] }), { code: "INVALID_ARGUMENT" });
  assert.throws(() => new GearmanClient({ servers: ["host:70000"] }), { code: "INVALID_ARGUMENT" });
  using client = new GearmanClient({ codec: textCodec });
  assert.throws(() => client.do("", "x"), { code: "INVALID_ARGUMENT" });
  assert.throws(() => client.do("a\0b", "x"), { code: "INVALID_ARGUMENT" });
  await assert.rejects(client.doBackground("a", "x", { unique: "u".repeat(65) }), {
    code: "INVALID_ARGUMENT",
  });
});

test("a peer that speaks something else is a protocol error", async () => {
  const { createServer } = await import("node:net");
  const listener = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n", () => socket.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  using client = new GearmanClient({ servers: [`127.0.0.1:${port}`], codec: textCodec });
  await assert.rejects(client.do("x", "y").result, (error) => {
    assert.ok(error instanceof GearmanError);
    assert.ok(["PROTOCOL", "CONNECTION_LOST"].includes(error.code), error.code);
    return true;
  });
  await new Promise((resolve) => listener.close(resolve));
});
