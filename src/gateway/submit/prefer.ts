/** What a `Prefer` header (RFC 7240) asks of a submission; preferences unknown here are passed over. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds; undefined when not given or not a number. */
  readonly wait: number | undefined;
}

/** The first value of a preference counts (RFC 7240, section 2). */
export function parsePrefer(header: string | null): Preferences {
  const given = new Map<string, string>();
  for (const preference of (header ?? "").split(",")) {
    const [name = "", value = ""] = preference.split(";", 1)[0]!.split("=", 2);
    const key = name.trim().toLowerCase();
    if (key !== "" && !given.has(key)) given.set(key, value.trim().replace(/^"(.*)"$/, "$1"));
  }
  const wait = given.get("wait");
  return {
    respondAsync: given.has("respond-async"),
    wait: wait !== undefined && /^\d{1,9}$/.test(wait) ? Number(wait) : undefined,
  };
}
