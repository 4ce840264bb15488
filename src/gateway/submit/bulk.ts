import type { Call } from "../call.ts";
import { PROBLEMS } from "../problem.ts";
import { problemBody, problemOf } from "../problem_response.ts";
import { parseJson } from "../request_call.ts";
import { jsonResponse } from "../responses.ts";
import { NDJSON } from "./answer_descriptions.ts";
import { submitAll } from "./atomic_bulk.ts";
import { type BulkItem, BulkReader, type ItemResult, submitItems } from "./bulk_items.ts";
import { readEnvelopedJob } from "./job_request.ts";
import { elementSlices } from "./json_slices.ts";
import { lineBatches } from "./line_batches.ts";
import { invalidRequest } from "./option_reader.ts";
import { requireServing } from "./placement.ts";
import { submitJob } from "./submit_call.ts";

/** `POST /jobs`: one job, or many. */
export async function submitEnvelopes(call: Call): Promise<Response> {
  requireServing(call.gateway.server);
  if (/ndjson$/.test(call.mediaType)) {
    return call.flag("atomic") ? await atomicLines(call) : streamedLines(call);
  }
  const body = await call.body();
  const value = parseJson(body);
  if (!Array.isArray(value)) return await submitJob(call, readEnvelopedJob(call, body, value));
  const reader = new BulkReader(call);
  requireFew(call, value.length);
  const slices = elementSlices(body);
  const items = value.map((item, index) =>
    reader.read(index, slices[index]!, () => item, `/${index}`)
  );
  return await bulkAnswer(call, items);
}

async function atomicLines(call: Call): Promise<Response> {
  const reader = new BulkReader(call);
  const body = await call.body();
  const lines: Uint8Array[] = [];
  const limits = { maxLineBytes: body.length, maxLines: call.gateway.config.maxBulkJobs };
  for await (const batch of lineBatches(once(body), limits)) {
    requireFew(call, lines.length + batch.length);
    lines.push(...batch);
  }
  const items = lines.map((line, index) =>
    reader.read(index, line, () => parseJson(line), `/${index}`)
  );
  return await bulkAnswer(call, items);
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(body);
}

function requireFew(call: Call, count: number): void {
  const most = call.gateway.config.maxBulkJobs;
  if (count <= most) return;
  const detail = `a request takes at most ${most} jobs; send more as ${NDJSON}`;
  throw invalidRequest(detail, [{ pointer: "", detail }]);
}

async function bulkAnswer(call: Call, items: readonly BulkItem[]): Promise<Response> {
  const atomic = call.flag("atomic");
  const results = await (atomic ? submitAll(call, items) : submitItems(call, items));
  const accepted = results.filter(({ problem }) => problem === undefined).length;
  return jsonResponse(atomic ? 202 : 200, {
    accepted,
    rejected: results.length - accepted,
    results,
  });
}

/**
 * One line per line, as long as lines come: a batch is submitted when it is there, and the next one
 * is read when its results have been taken.
 */
function streamedLines(call: Call): Response {
  const { gateway, peer, identity, signal } = call;
  const reader = new BulkReader(call);
  const endCount = gateway.waits.begin("stream", identity.caller);
  const batches = lineBatches(peer.bodyPieces(Number.MAX_SAFE_INTEGER), {
    maxLineBytes: gateway.config.maxBodyBytes,
    maxLines: gateway.config.maxBulkJobs,
  });
  let count = 0;
  let isLeft = false;
  const end = async () => {
    endCount();
    await batches.return();
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        signal.throwIfAborted();
        const { value: lines, done } = await batches.next();
        if (isLeft) return;
        if (done === true) {
          controller.close();
          return await end();
        }
        const items = lines.map((line) => {
          const index = count++;
          return reader.read(index, line, () => parseJson(line), "");
        });
        const results = linesOf(await submitItems(call, items));
        if (!isLeft) controller.enqueue(results);
      } catch (error) {
        // Nobody reads why, and a reader that leaves is no fault of the server.
        if (isLeft) return;
        controller.enqueue(linesOf([failureLine(call, error)]));
        controller.close();
        await end();
      }
    },
    async cancel() {
      isLeft = true;
      await end();
    },
  }, { highWaterMark: 1 });
  return new Response(body, { status: 200, headers: { "content-type": NDJSON } });
}

type Line = ItemResult | Omit<ItemResult, "index">;

/** Why no further line is read: it has no index. */
function failureLine({ gateway, request }: Call, error: unknown): Line {
  const problem = problemOf(error, request.method, (text) => gateway.log("ERROR", text));
  return { status: PROBLEMS[problem.type].status, problem: problemBody(problem) };
}

function linesOf(results: readonly Line[]): Uint8Array {
  return new TextEncoder().encode(results.map((result) => `${JSON.stringify(result)}\n`).join(""));
}
