import type { Histogram } from "../figures/mod.ts";

/** Prometheus text 0.0.4, or OpenMetrics 1.0. */
export type ExpositionFormat = "prometheus" | "openmetrics";
export type MetricType = "gauge" | "counter" | "histogram";

/** What a label's value may be made of without a second look. */
const PLAIN = /^[^\\"\n]*$/;

/** The inside of a sample's braces: `label("function", "a") + label("priority", "high")` and so on. */
export function label(name: string, value: string): string {
  const escaped = PLAIN.test(value)
    ? value
    : value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `${name}="${escaped}"`;
}

/** Writes families of samples as text. A family without samples leaves no trace. */
export class Exposition {
  readonly #open: boolean;
  readonly #lines: string[] = [];
  #name = "";
  #header = "";

  constructor(format: ExpositionFormat) {
    this.#open = format === "openmetrics";
  }

  /** The samples that follow belong to it. Names of counters end in `_total`. */
  family(name: string, type: MetricType, help: string): void {
    // OpenMetrics names a counter's family without the suffix that its samples have.
    const name_ = this.#open && type === "counter" ? name.replace(/_total$/, "") : name;
    this.#name = name;
    this.#header = `# HELP ${name_} ${help}\n# TYPE ${name_} ${type}`;
  }

  /** `labels`: what stands between the braces, or nothing. */
  sample(value: number, labels = ""): void {
    this.#begin();
    this.#lines.push(
      labels === ""
        ? `${this.#name} ${numberText(value)}`
        : `${this.#name}{${labels}} ${numberText(value)}`,
    );
  }

  /** All samples of a histogram; `scale` turns its unit into the family's. */
  histogram(histogram: Histogram, scale: number, labels = ""): void {
    this.#begin();
    const name = this.#name;
    const start = labels === "" ? `${name}_bucket{le="` : `${name}_bucket{${labels},le="`;
    const { bounds } = histogram;
    const limits = boundTexts(bounds, scale);
    let count = 0;
    for (let at = 0; at <= bounds.length; at++) {
      count += histogram.countAt(at);
      this.#lines.push(`${start}${limits[at]}"} ${count}`);
    }
    const own = labels === "" ? "" : `{${labels}}`;
    this.#lines.push(`${name}_sum${own} ${numberText(roundOff(histogram.sum * scale))}`);
    this.#lines.push(`${name}_count${own} ${count}`);
  }

  text(): string {
    const end = this.#open ? "# EOF\n" : "";
    return this.#lines.length === 0 ? end : `${this.#lines.join("\n")}\n${end}`;
  }

  #begin(): void {
    if (this.#header === "") return;
    this.#lines.push(this.#header);
    this.#header = "";
  }
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

const knownBounds = new Map<readonly number[], readonly string[]>();

/** Values of `le`, always with a decimal point, as OpenMetrics wants them, the last one `+Inf`. */
function boundTexts(bounds: readonly number[], scale: number): readonly string[] {
  let texts = knownBounds.get(bounds);
  if (texts === undefined) {
    texts = [
      ...bounds.map((bound) => `${roundOff(bound * scale)}`.replace(/^(\d+)$/, "$1.0")),
      "+Inf",
    ];
    knownBounds.set(bounds, texts);
  }
  return texts;
}

/** Without the digits that only come from scaling: 0.0025, not 0.0025000000000000001. */
function roundOff(value: number): number {
  return Number(value.toPrecision(15));
}
