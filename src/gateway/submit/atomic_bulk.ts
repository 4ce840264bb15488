import { createHash } from "node:crypto";
import type { JobServer } from "../../core/mod.ts";
import { byteStringFrom } from "../../protocol/mod.ts";
import type { Call } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { type FieldError, Problem } from "../problem.ts";
import { accepted, type BulkItem, type ItemResult } from "./bulk_items.ts";
import {
  findRepeated,
  type Order,
  place,
  type Placement,
  queueFull,
  requireServing,
  requireWorker,
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
  const { gateway } = call;
  const { server } = gateway;
  const orders = items.flatMap((item) => "order" in item ? [{ ...item.order, atomic: true }] : []);
  if (orders.length < items.length) throw allProblems(items);
  requireServing(server);
  const placements = server.act((jobServer, now) => placeAll(gateway, orders, jobServer, now));
  const stored = await Promise.all(placements.map((placement) => placement.stored));
  if (stored.includes(false)) {
    server.act((jobServer) => takeBack(placements, jobServer));
    throw storeUnavailable(server);
  }
  return placements.map((placement, index) => accepted(index, placement));
}

function placeAll(
  gateway: Gateway,
  orders: readonly Order[],
  jobServer: JobServer,
  now: number,
): readonly Placement[] {
  requireAll(gateway, orders, jobServer);
  const placements: Placement[] = [];
  try {
    for (const order of orders) placements.push(place(gateway, order, null, jobServer, now));
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

/**
 * Throws what `place` would throw for one of them. Jobs that join others or each other need no room in
 * their queues.
 */
function requireAll(gateway: Gateway, orders: readonly Order[], jobServer: JobServer): void {
  const { table } = jobServer;
  const joinable = new Set<string>();
  const added = new Map<string, number>();
  for (const order of orders) {
    const { options, workload } = order;
    const { functionName, unique, priority } = options;
    if (findRepeated(gateway, order, jobServer) !== undefined) continue;
    requireWorker(options, table);
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
