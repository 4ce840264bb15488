import assert from "node:assert/strict";

/** A value by `name{label="value",…}`, as it is written. */
export type Samples = ReadonlyMap<string, number>;

interface Family {
  readonly name: string;
  readonly type: string;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const VALUE = /^(?:[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * Reads metrics strictly: each family once, whole, with help and type before its samples; no series
 * twice; histograms complete and rising. Fails with the line that is wrong.
 */
export function readExposition(text: string, format: "prometheus" | "openmetrics"): Samples {
  const open = format === "openmetrics";
  assert.ok(text.endsWith("\n"), "the last line has no line feed");
  const lines = text.slice(0, -1).split("\n");
  if (open) assert.equal(lines.pop(), "# EOF");
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let help = "";
  let family: Family | undefined;
  for (const line of lines) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === "HELP") {
        help = name;
        family = undefined;
        continue;
      }
      assert.equal(name, help, `TYPE does not follow its HELP: ${line}`);
      assert.match(rest, /^(gauge|counter|histogram)$/, line);
      assert.ok(!families.has(name), `the family comes twice: ${name}`);
      if (rest === "counter") assert.equal(name.endsWith("_total"), !open, line);
      families.add(name);
      family = { name, type: rest };
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.ok(sample !== null, `no sample: ${line}`);
    const [, name, labels, value] = sample as unknown as [string, string, string?, string?];
    assert.ok(family !== undefined, `no family before: ${line}`);
    assert.ok(namesOf(family, open).includes(name), `not of ${family.name}: ${line}`);
    assert.match(value!, VALUE, line);
    const keys = [...(labels ?? "").matchAll(/([a-zA-Z0-9_]+)="/g)].map(([, key]) => key);
    assert.equal(new Set(keys).size, keys.length, `a label comes twice: ${line}`);
    const series = labels === undefined ? name : `${name}{${labels}}`;
    assert.ok(!samples.has(series), `the series comes twice: ${series}`);
    samples.set(series, numberOf(value!));
  }
  checkHistograms(samples);
  return samples;
}

function namesOf({ name, type }: Family, open: boolean): string[] {
  if (type === "histogram") return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [type === "counter" && open ? `${name}_total` : name];
}

function numberOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

function checkHistograms(samples: Samples): void {
  let last: { readonly series: string; readonly bound: number; readonly count: number } | undefined;
  for (const [series, count] of samples) {
    const bucket = /^(.*)_bucket\{(.*?),?le="([^"]+)"\}$/.exec(series);
    if (bucket === null) continue;
    const [, name, labels, le] = bucket as unknown as [string, string, string, string];
    const bound = numberOf(le);
    const own = `${name}{${labels}}`;
    if (last?.series === own) {
      assert.ok(bound > last.bound, `bounds do not rise: ${series}`);
      assert.ok(count >= last.count, `counts fall: ${series}`);
    } else {
      assert.ok(last === undefined || last.bound === Infinity, `no +Inf before ${series}`);
    }
    last = { series: own, bound, count };
    if (bound !== Infinity) continue;
    const suffix = labels === "" ? "" : `{${labels}}`;
    assert.equal(samples.get(`${name}_count${suffix}`), count, `count of ${own}`);
    assert.ok(samples.has(`${name}_sum${suffix}`), `sum of ${own}`);
  }
}
