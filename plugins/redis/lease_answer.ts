import { decodeHolder, StoreError, takenOver } from "../../src/plugin_api/mod.ts";
import type { RedisReply } from "./connection.ts";
import { replyList, replyText } from "./script.ts";

/** What a script answers behind `ok`. Throws `TAKEN_OVER`, or `AWAY` when the queue is gone. */
export function requireHeld(reply: RedisReply): readonly RedisReply[] {
  const [status, ...rest] = replyList(reply);
  switch (replyText(status)) {
    case "ok":
      return rest;
    case "fenced":
      throw takenOver(decodeHolder(replyText(rest[0])));
    case "gone":
      throw new StoreError("AWAY", "the queue is gone: Redis was emptied, or came back without it");
    default:
      throw new TypeError(`Redis answered "${replyText(status)}" to a script of cogd`);
  }
}
