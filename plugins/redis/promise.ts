import type { Durability, LogLevel } from "../../src/plugin_api/mod.ts";
import type { ServerSettings } from "./server_settings.ts";

/** What an acknowledgement is worth on a Redis with these settings. */
export interface StorePromise {
  readonly durability: Durability;
  /** The same in words, for the operator: a clause. */
  readonly text: string;
  /** What the operator should hear of, and what can be done about it. */
  readonly remarks: readonly Remark[];
}

export interface Remark {
  readonly level: LogLevel;
  readonly text: string;
}

const ACKNOWLEDGED = "acknowledged background jobs";
const AOF_ALWAYS = "for jobs that survive a power loss set appendonly yes and appendfsync always";

/**
 * Judges settings; what is not known counts as the weaker one. A commit is answered when Redis has it, so
 * what cogd does (restart, kill -9) never loses a job; the question is what Redis itself
 * survives (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/).
 */
export function promiseOf(settings: ServerSettings): StorePromise {
  const kept = keptBy(settings);
  const evicts = evictionOf(settings);
  const remarks = [...unknownIn(settings), ...kept.remarks, ...evicts];
  const unlessEvicted = evicts.some(({ level }) => level === "WARNING")
    ? "; Redis may throw them away when its memory is full"
    : "";
  return {
    durability: unlessEvicted === "" ? kept.durability : "restart",
    text: `${ACKNOWLEDGED} ${kept.text}${unlessEvicted}`,
    remarks,
  };
}

interface Kept {
  readonly durability: Durability;
  readonly text: string;
  readonly remarks: readonly Remark[];
}

function keptBy(settings: ServerSettings): Kept {
  if (settings.appendOnly !== true) return withoutFile(settings);
  switch (settings.appendFsync) {
    case "always":
      return settings.noFsyncOnRewrite === false
        ? { durability: "power-loss", text: "survive power loss", remarks: [] }
        : restart(
          "survive a restart or a crash; a power loss while Redis rewrites its append-only file takes " +
            "those of that time",
          "no-appendfsync-on-rewrite is not no: while its append-only file is rewritten, nothing is " +
            "synced; set it to no",
        );
    case "everysec":
      return restart(
        "survive a restart or a crash; a power loss takes those of the last 2 s",
        `appendfsync is everysec: the file is synced once a second, or after 2 s when the disk is busy; ${AOF_ALWAYS}`,
      );
    case "no":
      return restart(
        "survive a restart or a crash; a power loss takes those that the system had not written (30 s or so)",
        `appendfsync is no: when the file is written is left to the system; ${AOF_ALWAYS}`,
      );
    default:
      return restart(
        "survive a restart or a crash; how many a power loss takes is not known",
        `it does not say when it syncs its append-only file; ${AOF_ALWAYS}`,
      );
  }
}

function restart(text: string, remark: string): Kept {
  return { durability: "restart", text, remarks: [{ level: "NOTICE", text: remark }] };
}

/** Jobs survive this server's end, not Redis's: that is all that "restart" says, so the words say more. */
function withoutFile({ appendOnly, save }: ServerSettings): Kept {
  const known = appendOnly === false && save !== null;
  const snapshots = save !== null && save !== "";
  const text = snapshots
    ? "survive a restart of cogd; when Redis crashes or loses power, those since its last snapshot are lost"
    : "survive a restart of cogd only; when Redis ends, they are lost";
  const state = !known
    ? "it does not say whether it keeps anything on its disk, so nothing is promised beyond its life"
    : snapshots
    ? `it keeps no append-only file, only snapshots (save ${save}): jobs acknowledged since the last one ` +
      "are lost when it crashes"
    : "it keeps nothing on its disk: all jobs are lost when it ends";
  return {
    durability: "restart",
    text,
    remarks: [{ level: "WARNING", text: `${state}; ${AOF_ALWAYS}` }],
  };
}

/** Policies `volatile-…` spare keys without an expiry time, and cogd's have none. */
function evictionOf({ maxMemory, maxMemoryPolicy }: ServerSettings): Remark[] {
  if (maxMemoryPolicy === null) {
    return [{
      level: "NOTICE",
      text:
        "it does not say what it does when its memory is full; maxmemory-policy should be noeviction",
    }];
  }
  if (!maxMemoryPolicy.startsWith("allkeys-")) return [];
  const now = maxMemory === 0 ? " (it has no limit now: maxmemory is 0)" : "";
  return [{
    level: maxMemory === 0 ? "NOTICE" : "WARNING",
    text: `maxmemory-policy is ${maxMemoryPolicy}: when its memory is full it throws queued jobs ` +
      `away${now}; set it to noeviction`,
  }];
}

function unknownIn({ refused }: ServerSettings): Remark[] {
  if (refused.length === 0) return [];
  return [{
    level: "NOTICE",
    text:
      `it refuses ${
        refused.join(" and ")
      }: what it does not tell is taken for the worse; let the user ` +
      "ask (ACL SETUSER … +info +config|get)",
  }];
}
