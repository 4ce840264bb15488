/** How many tests of a step passed, failed and were skipped, and which. */
export interface StepReport {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/**
 * Reads a JUnit report of `deno test` or `bun test`. Steps inside a test (`t.test`) are not counted:
 * Deno lists them as `test > step` beside their test, Bun does not list them.
 */
export function readJUnit(xml: string): StepReport {
  const cases = [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, attributes, content]) => ({
      name: attribute(attributes!, "name"),
      file: attribute(attributes!, "classname") || attribute(attributes!, "file"),
      content: content ?? "",
    }),
  );
  const names = new Set(cases.map(({ file, name }) => `${file}\0${name}`));
  const tests = cases.filter(({ file, name }) => !isStep(names, file, name));
  const named = (tag: string) =>
    tests.filter(({ content }) => content.includes(`<${tag}`)).map(({ name }) => name);
  const failed = [...named("failure"), ...named("error")];
  const skipped = named("skipped");
  return { passed: tests.length - failed.length - skipped.length, failed, skipped };
}

function isStep(names: ReadonlySet<string>, file: string, name: string): boolean {
  const parts = name.split(" > ");
  return parts.some((_, i) => i > 0 && names.has(`${file}\0${parts.slice(0, i).join(" > ")}`));
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
};

/** All steps together. */
export function total(reports: readonly StepReport[]): StepReport {
  return {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failed: reports.flatMap(({ failed }) => failed),
    skipped: reports.flatMap(({ skipped }) => skipped),
  };
}

/** `3 passed, 0 failed, 1 skipped`; skips are left out where there are none. */
export function countLine({ passed, failed, skipped }: StepReport): string {
  const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  return `${passed} passed, ${failed.length} failed${skips}`;
}

/**
 * Whether the run is good. Where every program can be installed (`strict`), a skip is a failure:
 * else a test could stay away for ever unseen. A run without any test is not good either.
 */
export function succeeded({ passed, failed, skipped }: StepReport, strict: boolean): boolean {
  return passed > 0 && failed.length === 0 && !(strict && skipped.length > 0);
}
