import type { Call } from "../call.ts";
import { type Problem, PROBLEMS } from "../problem.ts";
import { problemBody, problemOf } from "../problem_response.ts";
import { textForJson } from "../byte_text.ts";
import { CallOptions, NO_OPTIONS } from "./call_options.ts";
import { readEnvelope } from "./envelope.ts";
import { KEY_RULE, parseJobOptions, parseKey } from "./job_options.ts";
import { orderOf, requiredFunction } from "./job_request.ts";
import { invalidRequest } from "./option_reader.ts";
import {
  type Order,
  place,
  type Placement,
  requireServing,
  requireStorable,
  storeUnavailable,
} from "./placement.ts";

/** One job of a bulk request: understood, or why not. */
export type BulkItem =
  | { readonly index: number; readonly order: Order }
  | { readonly index: number; readonly problem: Problem };

/** What one item came to, as JSON shows it. */
export interface ItemResult {
  readonly index: number;
  /** 202, or the status that the job alone would have been answered with. */
  readonly status: number;
  readonly handle?: string;
  readonly coalesced?: true;
  readonly replayed?: true;
  readonly problem?: Record<string, unknown>;
}

/** Reads items of one request; they share its key and its caller. */
export class BulkReader {
  readonly #call: Call;
  readonly #key: string | null;

  /** Throws `invalid-request` for a key, or options in headers that belong into the items. */
  constructor(call: Call) {
    this.#call = call;
    const given = new CallOptions(call, NO_OPTIONS).idempotencyKey();
    const key = given === undefined ? null : parseKey(given);
    if (key === undefined) {
      const detail = `Idempotency-Key ${KEY_RULE}`;
      throw invalidRequest(detail, [{ pointer: "Idempotency-Key", detail }]);
    }
    this.#key = key;
  }

  /** `pointer`: leads to the item in the body. */
  read(index: number, json: Uint8Array, value: () => unknown, pointer: string): BulkItem {
    const call = this.#call;
    return attempt(call, index, () => {
      const envelope = readEnvelope(json, value(), pointer);
      const functionName = requiredFunction(envelope.functionName, pointer);
      const options = parseJobOptions(envelope.options, {
        functionName,
        preferences: { respondAsync: false, wait: undefined },
        now: call.gateway.now(),
        config: call.gateway.config,
        bulk: true,
      });
      call.identity.require("submit", functionName);
      const order = orderOf(call, options, envelope.workload, { index, key: this.#key });
      requireStorable(call.gateway.server, order);
      return { index, order };
    });
  }
}

/** An item's step; whatever it throws is that item's problem alone. */
function attempt<Result>(
  { gateway, request }: Call,
  index: number,
  step: () => Result,
): Result | { index: number; problem: Problem } {
  try {
    return step();
  } catch (error) {
    const where = `${request.method}, item ${index}`;
    return { index, problem: problemOf(error, where, (text) => gateway.log("ERROR", text)) };
  }
}

/** Submits all in one step, so that the store takes them in one commit. Answers in order. */
export async function submitItems(
  call: Call,
  items: readonly BulkItem[],
): Promise<readonly ItemResult[]> {
  const { server } = call.gateway;
  const placed = server.act((jobServer, now) =>
    items.map((item) =>
      "problem" in item ? item : attempt(call, item.index, () => {
        requireServing(server);
        return {
          index: item.index,
          placement: place(call.gateway, item.order, null, jobServer, now),
        };
      })
    )
  );
  const results: ItemResult[] = [];
  for (const one of placed) {
    if ("problem" in one) results.push(rejected(one.index, one.problem));
    else if (await one.placement.stored) results.push(accepted(one.index, one.placement));
    else results.push(rejected(one.index, storeUnavailable(server)));
  }
  return results;
}

export function accepted(index: number, placement: Placement): ItemResult {
  const isPlaced = placement.kind === "placed";
  return {
    index,
    status: 202,
    handle: textForJson(isPlaced ? placement.job.handle : placement.handle),
    ...(isPlaced && placement.coalesced ? { coalesced: true } : {}),
    ...(isPlaced ? {} : { replayed: true }),
  };
}

function rejected(index: number, problem: Problem): ItemResult {
  return { index, status: PROBLEMS[problem.type].status, problem: problemBody(problem) };
}
