import { StoreError } from "./store_error.ts";
import type { StoreHost } from "./store_plugin.ts";

/**
 * Times of a lease, milliseconds. It is renewed by the session's upkeep (`SESSION_TIMES.upkeepMs`), so it
 * runs out when three renewals in a row were missed. The database's clock counts, nobody else's.
 */
export const LEASE_TIMES = {
  runsForMs: 15_000,
  /** How often a server that waits for a lease looks at it. */
  lookMs: 500,
} as const;

/** A process, as far as it can be told from others. */
export interface ProcessIdentity {
  /** Name of its machine, for people. */
  readonly host: string;
  readonly pid: number;
  /** When it began, milliseconds since 1970, for people. */
  readonly startedAt: number;
  /** The same for processes whose numbers mean the same (one boot, one process namespace); "" = not known. */
  readonly machine: string;
  /** Tells the process from a later one with the same number; "" = not known. */
  readonly birth: string;
}

/** This process, and what it can tell of others. */
export interface ProcessWitness {
  readonly self: ProcessIdentity;
  /** True only when it is certain that the process has ended. */
  isGone(other: ProcessIdentity): boolean;
}

/** Who holds a store. */
export interface LeaseHolder extends ProcessIdentity {
  /** 32 random hexadecimal digits for each opening of a store. */
  readonly id: string;
}

/** A lease as the database has it. */
export interface LeaseState {
  /** Null when it was given back. */
  readonly holder: LeaseHolder | null;
  /**
   * Rises whenever the lease is taken and whenever its holder begins another session, and never falls.
   * Every commit compares it, in its own transaction: whoever has an older one writes nothing.
   */
  readonly term: number;
  /** Milliseconds until it runs out, by the database's clock; 0 or less: it has run out. */
  readonly remainingMs: number;
  /** Differs after each renewal, e.g. the time at which it runs out as text. */
  readonly renewal: string;
}

/** One namespace's lease in a database. Each step is atomic and may be repeated. */
export interface LeasePlace {
  /** Null when nobody ever held it. */
  read(): Promise<LeaseState | null>;
  /**
   * Takes it with a higher term, if term and renewal are still those of `seen` (null: nobody ever held
   * it). Answers whether that worked.
   */
  take(seen: LeaseState | null, holder: LeaseHolder): Promise<boolean>;
}

export interface LeaseSearch {
  readonly holder: LeaseHolder;
  /** What the lease is for, as the operator knows it, e.g. `mysql db.example:3306/jobs`. */
  readonly place: string;
  isGone(other: ProcessIdentity): boolean;
  log(level: "NOTICE", text: string): void;
  /** Pauses, milliseconds. */
  pause(ms: number): Promise<void>;
}

/**
 * Takes the lease when nobody has it: it was given back, it has run out, or its holder is a process that
 * has ended. Else it watches: a holder that renews is alive and keeps it, so this rejects with `LOCKED`
 * and says who that is (after one interval of renewal at most); a holder that does not is waited for
 * until its lease has run out.
 */
export async function acquireLease(place: LeasePlace, search: LeaseSearch): Promise<void> {
  const { holder, isGone, pause } = search;
  let watched: LeaseState | null = null;
  for (;;) {
    const seen = await place.read();
    if (seen?.holder?.id === holder.id) return;
    const free = seen === null || seen.holder === null || seen.remainingMs <= 0 ||
      isGone(seen.holder);
    if (free) {
      if (await place.take(seen, holder)) return;
      continue;
    }
    if (watched === null) {
      watched = seen;
      search.log(
        "NOTICE",
        `${search.place} is held by ${describeHolder(seen.holder)}: waiting up to ` +
          `${(seen.remainingMs / 1000).toFixed(1)} s to see whether that server still runs`,
      );
    } else if (watched.renewal !== seen.renewal || watched.term !== seen.term) {
      throw new StoreError(
        "LOCKED",
        `Cannot open ${search.place}: ${describeHolder(seen.holder)} holds it; stop that server, ` +
          `or give this one another --namespace`,
      );
    }
    await pause(Math.min(LEASE_TIMES.lookMs, seen.remainingMs));
  }
}

/** The search of a store that is opened for `host`. */
export function leaseSearch(host: StoreHost, holder: LeaseHolder, place: string): LeaseSearch {
  return {
    holder,
    place,
    isGone: (other) => host.process?.isGone(other) ?? false,
    log: (level, text) => host.log(level, text),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** `TAKEN_OVER`, with the present holder if it is known. */
export function takenOver(holder: LeaseHolder | null): StoreError {
  const who = holder === null ? "another server" : describeHolder(holder);
  return new StoreError(
    "TAKEN_OVER",
    `${who} has taken this queue over and runs its jobs; this server ends, start it again only if the ` +
      `other one does not run`,
  );
}

/** `cogd on web1, process 4711, started 2027-01-15 08:00:00 UTC`. */
export function describeHolder({ host, pid, startedAt }: LeaseHolder): string {
  const started = new Date(startedAt).toISOString().slice(0, 19).replace("T", " ");
  return `cogd on ${
    host === "" ? "an unnamed host" : host
  }, process ${pid}, started ${started} UTC`;
}

/** A holder for this opening of a store. Without a witness it says nothing but its ID. */
export function newLeaseHolder(witness?: ProcessWitness): LeaseHolder {
  const self = witness?.self ?? { host: "", pid: 0, startedAt: 0, machine: "", birth: "" };
  return { ...self, id: crypto.randomUUID().replaceAll("-", "") };
}

/** A holder as text for a column or field: JSON, ASCII only. */
export function encodeHolder(holder: LeaseHolder): string {
  return JSON.stringify(holder).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What `encodeHolder` made; null for anything else, the empty text of a lease given back too. */
export function decodeHolder(text: string): LeaseHolder | null {
  if (text === "") return null;
  try {
    const { id, host, pid, startedAt, machine, birth } = JSON.parse(text) as LeaseHolder;
    const texts = [id, host, machine, birth];
    if (!texts.every((value) => typeof value === "string")) return null;
    if (!Number.isSafeInteger(pid) || !(Math.abs(startedAt) <= LAST_DATE_MS)) return null;
    return { id, host, pid, startedAt, machine, birth };
  } catch {
    return null;
  }
}

/** The last moment that a `Date` can hold. */
const LAST_DATE_MS = 8.64e15;
