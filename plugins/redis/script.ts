import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { RedisArgument, RedisConnection, RedisReply } from "./connection.ts";
import { replyCode } from "./faults.ts";

/** A Lua script, which Redis runs as one atomic step. */
export class Script {
  readonly source: string;
  readonly #digest: string;

  constructor(source: string) {
    this.source = source;
    this.#digest = createHash("sha1").update(source).digest("hex");
  }

  /** Runs it. Redis knows scripts by their digests, until it is restarted. */
  async run(
    connection: RedisConnection,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await connection.send(["EVALSHA", this.#digest, ...rest]);
    } catch (error) {
      if (replyCode(error) !== "NOSCRIPT") throw error;
      return await connection.send(["EVAL", this.source, ...rest]);
    }
  }
}

// What scripts answer. Each answer is checked, because a proxy may stand in between.

export function replyList(reply: RedisReply | undefined): readonly RedisReply[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError(`Redis answered ${typeof reply} where a list was expected`);
}

export function replyText(reply: RedisReply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString("latin1");
  if (typeof reply === "string") return reply;
  return reply === null || reply === undefined ? "" : String(reply);
}

export function replyNumber(reply: RedisReply | undefined): number {
  const number = Number(replyText(reply));
  if (Number.isFinite(number)) return number;
  throw new TypeError(`Redis answered "${replyText(reply)}" where a number was expected`);
}

export function replyBytes(reply: RedisReply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new TypeError(`Redis answered ${typeof reply} where bytes were expected`);
}
