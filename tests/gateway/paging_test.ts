/** What all lists that come in pages have in common. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOfBase64 } from "../../src/gateway/base64.ts";
import { gatewayRoutes } from "../../src/gateway/routes.ts";
import { OperateScene } from "./operate/mod.ts";

const LISTS = ["/jobs", "/queues", "/workers", "/clients", "/schedules"];

test("every list takes a limit and a cursor, and all say the same about them", () => {
  const paged = gatewayRoutes("1").filter(({ parameters }) =>
    parameters.some(({ name }) => name === "cursor")
  );
  assert.deepEqual(paged.map(({ path }) => path).sort(), [...LISTS].sort());
  const described = paged.map(({ parameters }) =>
    parameters.filter(({ name }) => name === "limit" || name === "cursor")
      .map(({ name, description }) => `${name}: ${description}`).join("; ")
  );
  assert.equal(new Set(described).size, 1);
});

test("a cursor that a list did not give out is refused, with the field named", async () => {
  const scene = await OperateScene.start();
  const wrong = ["***", "A", "%FF", "-1", "0", "1e3", "99999999999999999999", "x%00y", "AAAA=A"];
  for (const list of LISTS) {
    for (const cursor of wrong) {
      // Names of functions may be any bytes.
      if (list === "/queues" && bytesOfBase64(decodeURIComponent(cursor.replace("%FF", "*")))) {
        continue;
      }
      const { status, json } = await scene.ask(`GET ${list}?cursor=${cursor}`);
      assert.equal(status, 400, `${list} ${cursor}`);
      assert.equal(json["type"], "/problems/invalid-request");
      assert.deepEqual((json["errors"] as { pointer: string }[])[0]!.pointer, "cursor");
    }
    for (const limit of ["0", "-1", "1.5", "", "x", "1001"]) {
      const { status } = await scene.ask(`GET ${list}?limit=${limit}`);
      assert.equal(status, 400, `${list} ${limit}`);
    }
  }
});

test("Base64 comes in either alphabet, with or without padding", () => {
  const read = (text: string) => {
    const bytes = bytesOfBase64(text);
    return bytes && [...bytes];
  };
  assert.deepEqual(read("+/8A"), [0xfb, 0xff, 0]);
  assert.deepEqual(read("-_8A"), [0xfb, 0xff, 0]);
  assert.deepEqual([read("AA=="), read("AA"), read("")], [[0], [0], []]);
  for (const text of ["A", "AA=", "AAA==", "AA==AA", "=", "A A", "A\n", "Ä"]) {
    assert.equal(read(text), undefined, text);
  }
});
