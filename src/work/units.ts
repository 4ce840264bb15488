const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration in milliseconds: `500ms`, `30s`, `5m`, `2h`, `7d`, or a number of seconds. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isFinite(value) && value >= 0 ? Math.round(value * 1000) : undefined;
  }
  const [, count, unit] = typeof value === "string" ? DURATION.exec(value) ?? [] : [];
  return unit === undefined ? undefined : Math.round(Number(count) * UNIT_MS[unit]!);
}

const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

const UNIT_BYTES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes: a whole number, or text with K, M or G (powers of 1024). */
export function sizeBytes(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  }
  const [, count, unit] = typeof value === "string" ? /^(\d{1,9})([KMG])$/.exec(value) ?? [] : [];
  return unit === undefined ? undefined : Number(count) * UNIT_BYTES[unit]!;
}
