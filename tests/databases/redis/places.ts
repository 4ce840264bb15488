import { Buffer } from "node:buffer";
import { redisPlugin } from "../../../plugins/redis/mod.ts";
import {
  encodeHolder,
  type JobStore,
  type LeaseHolder,
  type StoreHost,
} from "../../../src/plugin_api/mod.ts";
import type { Redis } from "../../support/databases/mod.ts";
import type { CommandLine, PlaceOptions, TestPlace } from "../mod.ts";

/** What a user of cogd needs, no more (docs/stores.md). */
export const COMMANDS =
  "+ping +select +scan +type +time +evalsha +eval +exists +del +get +strlen " +
  "+hget +hmget +hgetall +hset +hsetnx +hdel +hexists +hlen +hkeys +hstrlen +hincrby " +
  "+zadd +zrem +zrange +zrangebylex +info +config|get";

/** A host for a plugin. Lines for the log, each with its level in front, go to `log`. */
export function hostWith(log: string[] = []): StoreHost {
  return {
    log: (level, text) => void log.push(`${level} ${text}`),
    now: () => Date.now(),
    namespace: "",
    handlePrefix: "H:test:",
  };
}

/** A prefix of its own in a Redis, and a user that may only what cogd needs there. */
export class TestPrefix implements TestPlace {
  static #count = 0;
  readonly redis: Redis;
  readonly prefix: string;
  /** Lines that stores here have logged, each as `LEVEL text`. */
  readonly log: string[] = [];
  readonly #password = `p"'\\ä%@:/${crypto.randomUUID()}`;

  private constructor(redis: Redis, prefix: string) {
    this.redis = redis;
    this.prefix = prefix;
  }

  static async create(redis: Redis): Promise<TestPrefix> {
    const place = new TestPrefix(redis, `test${++TestPrefix.#count}`);
    const { prefix } = place;
    const password = quoted(`>${place.#password}`);
    await redis.sql(
      `ACL SETUSER ${prefix} on ${password} ~cogd:${prefix}:* ~${prefix}-* ${COMMANDS}\nACL SAVE\n`,
    );
    return place;
  }

  /** Options of the plugin for this user; `port` for a way round. */
  values(port: number = this.redis.port): Map<string, string> {
    const url = this.redis.urlFor({ user: this.prefix, password: this.#password, port });
    return new Map([["redis-url", url], ["redis-prefix", this.prefix]]);
  }

  commandLine(port: number = this.redis.port): CommandLine {
    return {
      args: [
        "-q",
        "redis",
        "--redis-server=127.0.0.1",
        `--redis-port=${port}`,
        `--redis-user=${this.prefix}`,
        `--redis-prefix=${this.prefix}`,
      ],
      env: { COGD_REDIS_PASSWORD: this.#password },
    };
  }

  host(parts: Partial<StoreHost> = {}): StoreHost {
    const { log } = hostWith(this.log);
    return {
      ...hostWith(),
      log: (level, text) => {
        if (text.includes(this.#password)) throw new Error(`a password was logged: ${text}`);
        log(level, text);
      },
      ...parts,
    };
  }

  open({ port, ...parts }: PlaceOptions = {}): Promise<JobStore> {
    return redisPlugin.open({ values: this.values(port), dataDir: "" }, this.host(parts));
  }

  async killSessions(): Promise<void> {
    await this.redis.sql(`CLIENT KILL USER ${this.prefix}\n`);
  }

  async countSessions(): Promise<number> {
    const list = await this.redis.sql("CLIENT LIST\n");
    return list.split("\n").filter((line) => line.includes(` user=${this.prefix} `)).length;
  }

  async keys(): Promise<number[]> {
    const buckets = await this.lines(`KEYS cogd:${this.prefix}::jobs:*`);
    const keys: number[] = [];
    for (const bucket of buckets) {
      const slots = await this.lines(`HKEYS ${bucket}`);
      keys.push(...slots.map((slot) => Number(bucket.slice(-14) + slot)));
    }
    return keys;
  }

  /** Fields of the hash that holds the lease, by name. */
  async queue(): Promise<Map<string, string>> {
    const lines = await this.lines(`HGETALL ${this.#queueKey}`);
    return new Map(lines.flatMap((name, i) => i % 2 === 0 ? [[name, lines[i + 1]!] as const] : []));
  }

  get #queueKey(): string {
    return `cogd:${this.prefix}::queue`;
  }

  /** Concerns the whole server. */
  async closeIdleSessions(closes: boolean): Promise<void> {
    await this.redis.sql(`CONFIG SET timeout ${closes ? 2 : 0}\n`);
  }

  async leaseTerm(): Promise<number> {
    return Number((await this.queue()).get("term"));
  }

  async leaseIsFree(): Promise<boolean> {
    return !(await this.queue()).has("id");
  }

  async abandonLease(holder: LeaseHolder, remainingMs: number): Promise<void> {
    const until = Date.now() + remainingMs;
    await this.redis.sql(
      `HSET ${this.#queueKey} id ${holder.id} holder '${encodeHolder(holder)}' until ${until}\n`,
    );
  }

  /** What a command prints, line by line; nothing for an empty answer. */
  async lines(command: string): Promise<string[]> {
    const text = await this.redis.sql(`${command}\n`);
    return text.split("\n").filter((line) => line !== "");
  }

  async remove(): Promise<void> {
    const keys = [
      ...await this.lines(`KEYS cogd:${this.prefix}:*`),
      ...await this.lines(`KEYS ${this.prefix}-*`),
    ];
    const commands = keys.map((key) => `DEL ${quoted(key)}\n`).join("");
    await this.redis.sql(`${commands}ACL DELUSER ${this.prefix}\nACL SAVE\n`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

/** A string as redis-cli reads it, whatever bytes it has (text is taken as UTF-8). */
export function quoted(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return `"${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}
