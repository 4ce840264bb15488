/** A Markdown table. Cells must not hold `|`. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Three significant digits; thousands as `k`, millions as `M`. A dash when there is no value. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 999_500) return `${(value / 1e6).toPrecision(3)} M`;
  if (Math.abs(value) >= 9_995) return `${Number((value / 1000).toPrecision(3))} k`;
  return `${Number(value.toPrecision(3))}`;
}

/** `value` as a multiple of `reference`. */
export function ratio(value: number, reference: number): string {
  const quotient = value / reference;
  return Number.isFinite(quotient) ? `${amount(quotient)}×` : "–";
}

/** A share of 1, as a whole number of percent. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}
