import assert from "node:assert/strict";
import type { OperateScene } from "../operate/mod.ts";
import { readExposition, type Samples } from "./exposition_text.ts";

/** What a path answers, read strictly. */
export async function scrape(scene: OperateScene, path = "/metrics"): Promise<Samples> {
  const { status, text } = await scene.ask(`GET ${path}`);
  assert.equal(status, 200, text);
  return readExposition(text, "prometheus");
}

/** The values of one family of a function that are not 0, by its other labels. */
export function of(samples: Samples, name: string, functionName: string): Record<string, number> {
  const start = `${name}{function="${functionName}"`;
  const found = [...samples].filter(([series, value]) => series.startsWith(start) && value > 0);
  return Object.fromEntries(
    found.map(([series, value]) => [series.slice(start.length).replace(/^,|\}$/g, ""), value]),
  );
}
