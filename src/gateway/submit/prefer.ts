import { invalidRequest } from "./option_reader.ts";

/** What a `Prefer` header (RFC 7240) asks of a submission; preferences unknown here are passed over. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds; undefined when not given. */
  readonly wait: number | undefined;
}

const NOTHING_PREFERRED: Preferences = { respondAsync: false, wait: undefined };

/**
 * The first value of a preference counts (RFC 7240, section 2). Throws `invalid-request` when one that is
 * known has a value that means nothing: passed over, it would become a call that waits much longer.
 */
export function parsePrefer(header: string | null): Preferences {
  if (header === null) return NOTHING_PREFERRED;
  const given = new Map<string, string>();
  for (const preference of header.split(",")) {
    const [name = "", value = ""] = preference.split(";", 1)[0]!.split("=", 2);
    const key = name.trim().toLowerCase();
    if (key !== "" && !given.has(key)) given.set(key, value.trim().replace(/^"(.*)"$/, "$1"));
  }
  const wait = given.get("wait");
  if (wait !== undefined && !/^\d+$/.test(wait)) {
    throw wrongPreference("wait must be a whole number of seconds, like wait=5");
  }
  if ((given.get("respond-async") ?? "") !== "") {
    throw wrongPreference("respond-async has no value");
  }
  return {
    respondAsync: given.has("respond-async"),
    wait: wait === undefined ? undefined : Number(wait),
  };
}

function wrongPreference(what: string) {
  const detail = `Prefer: ${what}`;
  return invalidRequest(detail, [{ pointer: "Prefer", detail }]);
}
