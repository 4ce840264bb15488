import { Buffer } from "node:buffer";
import type { Action } from "./actions.ts";
import type { AdminOutput } from "./admin_output.ts";

/**
 * Prints a reply as the reference does (admin section 4): `OK` alone as it is, without `OK ` in front of a
 * value, `ERR …` as an error, lists untouched.
 */
export function printReply(
  action: Action,
  reply: Uint8Array,
  { out, error }: AdminOutput,
): void {
  const text = startOf(reply);
  if (action.form === "list" && !isRefusal(action, reply)) out(reply);
  else if (text === "OK\r\n") out("OK\n");
  else if (text.startsWith("OK ")) out(reply.subarray(3));
  else if (text.startsWith("ERR ")) {
    error("Error: ");
    error(reply.subarray(4));
  } else out(reply);
}

/** Prints one line of JSON; answers whether the server did what was asked. */
export function printJson(action: Action, reply: Uint8Array, { out }: AdminOutput): boolean {
  const refused = isRefusal(action, reply);
  const values = refused
    ? { error: Buffer.from(reply.subarray(4)).toString("utf8").trimEnd() }
    : action.values(reply);
  out(`${JSON.stringify({ action: action.name, ...values })}\n`);
  return !refused;
}

/** A function may be called `ERR`: a list that ends as one is no error. */
function isRefusal({ form }: Action, reply: Uint8Array): boolean {
  return startOf(reply).startsWith("ERR ") && (form === "line" || reply.at(-2) === CR);
}

const CR = 13;

function startOf(reply: Uint8Array): string {
  return Buffer.from(reply.subarray(0, 5)).toString("latin1");
}
