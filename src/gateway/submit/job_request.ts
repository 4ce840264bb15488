import type { Call } from "../call.ts";
import { parseJson } from "../request_call.ts";
import { ENVELOPE } from "./answers.ts";
import { ALL_OPTIONS, CallOptions, MergedOptions, NO_OPTIONS } from "./call_options.ts";
import { readEnvelope } from "./envelope.ts";
import { idempotencyOf } from "./idempotency.ts";
import { type JobOptions, parseJobOptions } from "./job_options.ts";
import { invalidRequest, type OptionSource } from "./option_reader.ts";
import type { Order } from "./placement.ts";
import { parsePrefer } from "./prefer.ts";
import type { ByteString } from "../../protocol/mod.ts";

/** The one job that `POST /jobs/{name}` asks for: a raw body or an envelope. */
export async function readNamedJob(call: Call): Promise<Order> {
  const functionName = call.path("name");
  const own = new CallOptions(call, ALL_OPTIONS);
  if (call.mediaType !== ENVELOPE) {
    // Before the body: what is refused anyway need not be received.
    const options = optionsOf(call, own, functionName);
    return orderOf(call, options, await call.body());
  }
  const body = await call.body();
  const envelope = readEnvelope(body, parseJson(body));
  if (envelope.functionName !== undefined && envelope.functionName !== functionName) {
    const detail = "function differs from the path; leave it out of one of them";
    throw invalidRequest(detail, [{ pointer: "/function", detail }]);
  }
  const options = optionsOf(call, new MergedOptions(envelope.options, own), functionName);
  return orderOf(call, options, envelope.workload);
}

/** The one job that `POST /jobs` asks for with an object. The caller must have the role for it. */
export function readEnvelopedJob(call: Call, body: Uint8Array, value: unknown): Order {
  const envelope = readEnvelope(body, value);
  const functionName = requiredFunction(envelope.functionName, "");
  const own = new CallOptions(call, NO_OPTIONS);
  const options = optionsOf(call, new MergedOptions(envelope.options, own), functionName);
  call.identity.require("submit", functionName);
  return orderOf(call, options, envelope.workload);
}

export function requiredFunction(name: ByteString | undefined, pointer: string): ByteString {
  if (name !== undefined) return name;
  const detail = "function is missing";
  throw invalidRequest(detail, [{ pointer: `${pointer}/function`, detail }]);
}

function optionsOf(call: Call, source: OptionSource, functionName: ByteString): JobOptions {
  return parseJobOptions(source, {
    functionName,
    preferences: parsePrefer(call.request.headers.get("prefer")),
    now: call.gateway.now(),
    config: call.gateway.config,
    bulk: false,
  });
}

/** Which job of a bulk request, and the key that the request has for all. */
export interface BulkPart {
  readonly index: number;
  readonly key: string | null;
}

/** The order of one job, with its key when it has one: its own, or its part of a bulk request's. Throws `forbidden`. */
export function orderOf(
  call: Call,
  options: JobOptions,
  workload: Uint8Array,
  bulk?: BulkPart,
): Order {
  // The worker submits to it, with its own rights.
  if (options.reducer !== "") call.identity.require("submit", options.reducer);
  const key = options.idempotencyKey ?? bulk?.key ?? null;
  const part = options.idempotencyKey === null ? bulk?.index : undefined;
  return {
    options,
    background: options.background || key !== null,
    workload,
    idempotency: key === null ? null : idempotencyOf({
      caller: call.identity.caller,
      key,
      ...(part === undefined ? {} : { part }),
      operation: `${call.route.method} ${call.route.path}`,
      options,
      workload,
      expiresAt: call.gateway.now() + call.gateway.config.idempotencyMs,
    }),
  };
}
