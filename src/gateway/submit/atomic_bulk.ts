import { createHash } from "node:crypto";
import type { JobServer } from "../../core/mod.ts";
import { byteStringFrom } from "../../protocol/mod.ts";
import type { RunningServer } from "../../server/mod.ts";
import type { Call } from "../call.ts";
import { type FieldError, Problem } from "../problem.ts";
import { accepted, type BulkItem, type ItemResult } from "./bulk_items.ts";
import {
  type Order,
  place,
  type Placement,
  queueFull,
  requireServing,
  storeUnavailable,
} from "./placement.ts";

/**
 * Submits all items or none. Whatever can be checked is checked before the first; when the store then
 * refuses one, the others are cancelled, though a worker may have been quicker with some of them.
 * Throws the problem of the first item that has one.
 */
export async function submitAll(
  call: Call,
  items: readonly BulkItem[],
): Promise<readonly ItemResult[]> {
  const { server } = call.gateway;
  const orders = items.map((item) => "order" in item ? item.order : null);
  if (orders.includes(null)) throw allProblems(items);
  requireServing(server);
  const placements = server.act((jobServer, now) =>
    placeAll(server, orders as Order[], jobServer, now)
  );
  const stored = await Promise.all(placements.map((placement) => placement.stored));
  if (stored.includes(false)) {
    server.act((jobServer) => takeBack(placements, jobServer));
    throw storeUnavailable(server);
  }
  return placements.map((placement, index) => accepted(index, placement));
}

function placeAll(
  server: RunningServer,
  orders: readonly Order[],
  jobServer: JobServer,
  now: number,
): readonly Placement[] {
  requireRoom(server, orders, jobServer);
  const placements: Placement[] = [];
  try {
    for (const order of orders) placements.push(place(server, order, null, jobServer, now));
  } catch (error) {
    takeBack(placements, jobServer);
    throw error;
  }
  return placements;
}

/** Cancels the jobs that this request made. */
function takeBack(placements: readonly Placement[], jobServer: JobServer): void {
  for (const placement of placements) {
    if (placement.kind !== "placed" || placement.coalesced) continue;
    jobServer.cancel(placement.job.handle);
    jobServer.forgetIgnored(placement.job.queue);
  }
}

/** Throws `queue-full` when not all new jobs fit; those that join others or each other need no room. */
function requireRoom(
  { idempotencyKeys }: RunningServer,
  orders: readonly Order[],
  { table }: JobServer,
): void {
  const joinable = new Set<string>();
  const added = new Map<string, number>();
  for (const { options, workload, idempotency } of orders) {
    const { functionName, unique, priority } = options;
    if (idempotency !== null && idempotencyKeys.find(idempotency.keyHash) !== undefined) continue;
    const queue = table.findFunction(functionName);
    if (queue !== undefined && table.findJoinable(queue, unique, workload) !== undefined) continue;
    const key = joinKey(functionName, unique, workload);
    if (key !== undefined && joinable.has(key)) continue;
    if (key !== undefined) joinable.add(key);
    const before = added.get(functionName) ?? 0;
    const limit = queue?.limits[priority] ?? 0;
    if (limit > 0 && (queue?.total ?? 0) + before >= limit) throw queueFull(options, table);
    added.set(functionName, before + 1);
  }
}

function joinKey(functionName: string, unique: string, workload: Uint8Array): string | undefined {
  if (unique === "" || (unique === "-" && workload.length === 0)) return undefined;
  const key = unique === "-" ? byteStringFrom(createHash("sha256").update(workload).digest()) : "";
  return `${functionName}\0${unique}\0${key}`;
}

/** One problem for all: the type of the first, the errors of each. */
function allProblems(items: readonly BulkItem[]): Problem {
  const problems = items.flatMap((item) => "problem" in item ? [item] : []);
  const { problem, index } = problems[0]!;
  const errors = problems.flatMap((one): FieldError[] => [
    ...(one.problem.extras.errors ?? [{ pointer: `/${one.index}`, detail: one.problem.message }]),
  ]);
  return new Problem(
    problem.type,
    `No job was accepted (atomic): item ${index}: ${problem.message}`,
    { ...problem.extras, errors },
  );
}
