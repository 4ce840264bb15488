import { redisPlugin } from "../../../plugins/redis/mod.ts";
import type { JobStore, LogLevel, StoreHost } from "../../../src/plugin_api/mod.ts";

/** A host whose log lines, each with its level in front, go to `log`. */
export function hostWith(log: string[] = [], parts: Partial<StoreHost> = {}): StoreHost {
  return {
    log: (level: LogLevel, line: string) => void log.push(`${level} ${line}`),
    now: () => Date.now(),
    namespace: "",
    handlePrefix: "H:test:",
    ...parts,
  };
}

/** Opens the store with these options, `redis-` left out of their names. */
export function openRedis(
  options: Readonly<Record<string, string>>,
  host: StoreHost = hostWith(),
): Promise<JobStore> {
  const values = new Map(
    Object.entries(options).map(([name, value]) => [`redis-${name}`, value] as const),
  );
  return redisPlugin.open({ values, dataDir: "" }, host);
}
