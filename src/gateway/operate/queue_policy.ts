import type { ByteString, QueueLimits } from "../../protocol/mod.ts";
import type { QueuePolicy } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { EXPECTED } from "../json_schema.ts";
import { PRIORITY_NAMES, type PriorityName } from "../priority_names.ts";
import { Problem } from "../problem.ts";
import type { JsonSchema } from "../route.ts";
import { policyTag } from "./queue_json.ts";

type LimitPatch = number | null;

/** A JSON Merge Patch (RFC 7396) of a policy; null takes a limit away. */
export interface PolicyPatch {
  readonly max_queue?:
    | LimitPatch
    | Readonly<Partial<Record<PriorityName, LimitPatch>>>;
  readonly paused?: boolean | null;
}

const LIMIT_PATCH: JsonSchema = { type: ["integer", "null"], minimum: 0, maximum: 0xffffffff };

export const PATCH_SCHEMA: JsonSchema = {
  title: "QueuePolicyPatch",
  description: "What is not named stays as it is; null takes a limit away, as 0 does.",
  type: "object",
  additionalProperties: false,
  properties: {
    max_queue: {
      description: "For all priorities, or by priority.",
      [EXPECTED]: "a whole number up to 4294967295, null, or an object with these by priority",
      anyOf: [
        LIMIT_PATCH,
        {
          type: "object",
          additionalProperties: false,
          properties: { high: LIMIT_PATCH, normal: LIMIT_PATCH, low: LIMIT_PATCH },
        },
      ],
    },
    paused: { type: ["boolean", "null"] },
  },
};

/** What a checked patch makes of a policy. */
export function patched(policy: QueuePolicy, patch: PolicyPatch): QueuePolicy {
  const { max_queue: limits, paused } = patch;
  return {
    limits: limits === undefined ? policy.limits : patchedLimits(policy.limits, limits),
    paused: paused === undefined ? policy.paused : paused === true,
  };
}

function patchedLimits(
  limits: QueueLimits,
  patch: NonNullable<PolicyPatch["max_queue"]> | null,
): QueueLimits {
  const [high, normal, low] = PRIORITY_NAMES.map((name, at) => {
    const value = patch === null || typeof patch === "number" ? patch : patch[name];
    return value === undefined ? limits[at]! : value ?? 0;
  });
  return [high!, normal!, low!];
}

/**
 * Changes a policy: it applies at once, and the answer waits for the store. Throws
 * `precondition-failed` when `If-Match` names another one, `too-many-functions` and `store-unavailable`.
 */
export async function changePolicy(
  call: Call,
  name: ByteString,
  change: (policy: QueuePolicy) => QueuePolicy,
): Promise<QueuePolicy> {
  const { queuePolicies } = call.gateway.server;
  const before = queuePolicies.of(name);
  const wanted = call.request.headers.get("if-match");
  const tag = policyTag(before);
  if (wanted !== null && !matchesTag(wanted, tag)) {
    throw new Problem(
      "precondition-failed",
      "The policy is not the one that If-Match names: read it again, and repeat the change",
      { function: name, headers: { etag: tag } },
    );
  }
  const policy = change(before);
  requireRoom(call, name);
  const write = queuePolicies.set(name, policy);
  const { gateway, identity } = call;
  const shown = textForJson(name);
  gateway.log("NOTICE", `${identity.caller} set the policy of ${shown}: ${policyTag(policy)}`);
  await stored(call, write, name, "The change applies, but will be lost with the next restart");
  return policy;
}

/** Throws `too-many-functions` when neither the function nor its policy is there and one would be too many. */
function requireRoom({ gateway }: Call, name: ByteString): void {
  const { server, functionRoom } = gateway;
  const { queuePolicies, limits } = server;
  if (!queuePolicies.hasRoomFor(name)) {
    throw new Problem(
      "too-many-functions",
      `${limits.maxStoredPolicies} functions have a stored policy; drop some that are not used (DELETE /queues/NAME)`,
      { function: name, members: { limit: limits.maxStoredPolicies } },
    );
  }
  server.act((jobServer, now) => functionRoom.require(name, jobServer, now));
}

/** Waits for the store. `meanwhile`: what is so although it did not take the change. */
export async function stored(
  { gateway }: Call,
  write: Promise<void>,
  name: ByteString,
  meanwhile: string,
): Promise<void> {
  try {
    await write;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    gateway.log("WARNING", `The policy of ${textForJson(name)} is not stored: ${reason}`);
    throw new Problem("store-unavailable", `${meanwhile}: the store did not take it`, {
      function: name,
      retryAfter: 5,
    }, { cause });
  }
}

/** Strong comparison of `If-Match` (RFC 9110 section 13.1.1). */
function matchesTag(header: string, tag: string): boolean {
  return header.split(",").some((one) => one.trim() === "*" || one.trim() === tag);
}
