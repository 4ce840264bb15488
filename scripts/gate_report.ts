/** Why a test failed. */
export interface FailureReason {
  readonly test: string;
  /** The error with its stack. */
  readonly text: string;
}

/** How many tests of a step passed, failed and were skipped, and which. */
export interface StepReport {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly reasons: readonly FailureReason[];
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
  const passed = tests.length - failed.length - skipped.length;
  return { passed, failed, skipped, reasons: cases.flatMap(reasonOf) };
}

/** What the report says about a test, or a step in it, that failed. */
function reasonOf({ name, content }: { name: string; content: string }): FailureReason[] {
  const [, , attributes, text] = /<(failure|error)( [^>]*?)?(?:\/>|>(.*?)<\/\1>)/s.exec(content) ??
    [];
  if (attributes === undefined && text === undefined) return [];
  const said = unescaped(text ?? "").trim() || attribute(attributes ?? "", "message");
  // Of a test whose steps failed Deno says no more; the steps have reasons of their own.
  return /^\d+ test steps? failed\.?$/.test(said) ? [] : [{ test: name, text: said }];
}

/** So many lines of reasons at most stand at the end of a run; each has its part of them. */
const MOST_LINES = 60;
const LEAST_LINES_EACH = 6;

/** The beginnings of all reasons, for those who see only the end of what a run printed. */
export function reasonLines(reasons: readonly FailureReason[]): string[] {
  const shown = reasons.slice(0, Math.floor(MOST_LINES / LEAST_LINES_EACH));
  const each = Math.floor(MOST_LINES / Math.max(1, shown.length));
  const lines = shown.flatMap(({ test, text }) => {
    const own = text.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
    const some = own.length < each ? own : [...own.slice(0, each - 2), "…"];
    return [test, ...some.map((line) => `    ${line.slice(0, MOST_COLUMNS)}`)];
  });
  const left = reasons.length - shown.length;
  return left === 0 ? lines : [...lines, `and ${left} more`];
}

/** Longer lines are data, most often. */
const MOST_COLUMNS = 400;

function isStep(names: ReadonlySet<string>, file: string, name: string): boolean {
  const parts = name.split(" > ");
  return parts.some((_, i) => i > 0 && names.has(`${file}\0${parts.slice(0, i).join(" > ")}`));
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return unescaped(value);
}

function unescaped(text: string): string {
  return text.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d+)|#x([0-9a-f]+));/gi,
    (_, entity?: string, decimal?: string, hexadecimal?: string) =>
      entity === undefined
        ? String.fromCodePoint(decimal === undefined ? parseInt(hexadecimal!, 16) : Number(decimal))
        : ENTITIES[entity.toLowerCase()] ?? "",
  );
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
    reasons: reports.flatMap(({ reasons }) => reasons),
  };
}

/** `3 passed, 0 failed, 1 skipped`; skips are left out where there are none. */
export function countLine({ passed, failed, skipped }: Omit<StepReport, "reasons">): string {
  const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  return `${passed} passed, ${failed.length} failed${skips}`;
}

/**
 * Whether the run is good. Where every program can be installed (`strict`), a skip is a failure:
 * else a test could stay away for ever unseen. A run without any test is not good either.
 */
export function succeeded(
  { passed, failed, skipped }: Omit<StepReport, "reasons">,
  strict: boolean,
): boolean {
  return passed > 0 && failed.length === 0 && !(strict && skipped.length > 0);
}
