import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { PROJECT_ROOT } from "../../support/mod.ts";
import { OperateScene } from "../operate/mod.ts";
import { readExposition } from "./exposition_text.ts";

/** Names in the first column of the document's tables. */
async function documentedNames(): Promise<string[]> {
  const text = await readFile(join(PROJECT_ROOT, "docs/metrics.md"), "utf8");
  return text.split("\n").flatMap((line) =>
    /^\| ((?:gearman|process)_[^|]+?) \|/.exec(line)?.[1]?.split(", ") ?? []
  );
}

test("docs/metrics.md lists the metrics that there are, with their types, and no others", async () => {
  const store = Object.assign(new ScriptedStore(), { figures: { reconnects: 1, syncMs: 2 } });
  const security = { gearman: { expiresAt: 0, refused: 0 }, http: undefined };
  const scene = await OperateScene.start({ store, security });
  store.automatic = true;
  const [client, worker] = [scene.connect(), scene.worker("f")];
  await scene.patch("f", { max_queue: 10 });
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  client.send("ALL_YOURS");
  await turn();
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  await turn();
  await scene.ask("GET /queues/unknown");
  const { text } = await scene.ask("GET /metrics");
  readExposition(text, "prometheus");
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]),
  );
  assert.deepEqual((await documentedNames()).sort(), [...types.keys()].sort());
  const document = await readFile(join(PROJECT_ROOT, "docs/metrics.md"), "utf8");
  for (const [name, type] of types) {
    assert.match(document, new RegExp(`^\\| [^|]*\\b${name}\\b[^|]* \\| ${type} \\|`, "m"));
  }
});

test("alert rules and the board ask for names that there are, and rules link to what to do", async () => {
  const known = new Set(
    (await documentedNames()).flatMap((
      name,
    ) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]),
  );
  const read = (name: string) => readFile(join(PROJECT_ROOT, "scripts/monitoring", name), "utf8");
  const [rules, board] = [await read("alerts.yml"), await read("grafana.json")];
  for (const text of [rules, JSON.stringify(JSON.parse(board))]) {
    const names = text.match(/\b(?:gearman|process)_\w+/g)!;
    assert.ok(names.length > 10);
    assert.deepEqual(names.filter((name) => !known.has(name)), []);
  }
  const document = await readFile(join(PROJECT_ROOT, "docs/metrics.md"), "utf8");
  const headings = new Set(
    [...document.matchAll(/^### (.+)$/gm)].map(([, one]) => one!.toLowerCase()),
  );
  const anchors = [...rules.matchAll(/runbook: docs\/metrics\.md#(\w+)/g)].map(([, one]) => one!);
  assert.equal(anchors.length, [...rules.matchAll(/- alert: /g)].length);
  assert.deepEqual([...new Set(anchors)].sort(), [...headings].sort());
});
