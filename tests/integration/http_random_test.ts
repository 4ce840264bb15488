import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { schemaErrors } from "../../src/gateway/json_schema.ts";
import {
  COGD_BINARIES,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  Random,
  seedFrom,
  startCogd,
} from "../support/mod.ts";
import {
  type DescribedOperation,
  type Description,
  operationsOf,
  type RandomRequest,
  RandomRequests,
} from "./http_random_requests.ts";

/** Requests made from the description alone: whatever comes, the answers are those that it names. */

const REQUESTS = Number(process.env["COGD_HTTP_REQUESTS"] ?? 3000);
const AT_ONCE = 24;

/** What is wrong with an answer by the description; undefined when nothing is. */
function complaint(
  description: Description,
  operation: DescribedOperation,
  response: Response,
  text: string,
): string | undefined {
  const described = operation.responses[String(response.status)];
  if (response.status === 500) return "a fault of the server";
  if (described === undefined) return "a status that is not described";
  const [mediaType = ""] = (response.headers.get("content-type") ?? "").split(";");
  const entry = described.content?.[mediaType];
  if (entry === undefined && response.status >= 400) return "no problem";
  if (!mediaType.endsWith("json") || mediaType.endsWith("ndjson")) return undefined;
  if (entry === undefined) return `the media type ${mediaType} is not described`;
  if (entry.schema === undefined) return undefined;
  const schema = { ...entry.schema, components: description.components };
  const [error] = schemaErrors(schema, JSON.parse(text));
  return error === undefined ? undefined : `the body's ${error.pointer} ${error.detail}`;
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);
  const seed = seedFrom(process.env);

  test(`${flavour}: no random request finds a 500 or an answer that is not described`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({
      flavour,
      http: true,
      args: ["--http-timeout=1", "--verbose=ERROR"],
    });
    const { url } = cogd;
    const description = await (await fetch(`${url}/openapi.json`)).json() as Description;
    const operations = operationsOf(description);
    const random = new Random(seed);
    const requests = new RandomRequests(random, description);
    const complaints: string[] = [];
    const statuses = new Map<number, number>();

    const ask = async (operation: DescribedOperation, request: RandomRequest) => {
      const { method, path, headers, body } = request;
      const response = await fetch(url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as BodyInit }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const handle = response.headers.get("gearman-job-handle");
      if (handle !== null && requests.names.length < 60) requests.names.push(handle);
      const wrong = complaint(description, operation, response, text);
      if (wrong !== undefined) {
        complaints.push(
          `${operation.operationId} ${response.status}: ${wrong}; ` +
            `${JSON.stringify(request)} -> ${text.slice(0, 300)}`,
        );
      }
    };
    const asked = operations.filter(({ operationId, path }) =>
      // Streams end with their jobs, which may be never; a server that is drained answers little else.
      operationId !== "followJob" && !path.startsWith("/admin/")
    );
    let left = REQUESTS;
    const client = async () => {
      while (left-- > 0 && complaints.length < 10) {
        const operation = random.pick(asked);
        const request = requests.make(operation);
        await ask(operation, request).catch((error) => {
          complaints.push(`${operation.operationId} ${error}; ${JSON.stringify(request)}`);
        });
      }
    };
    const all = Promise.all(Array.from({ length: AT_ONCE }, client));
    await deadline(all, 8 * PATIENCE_MS, `${REQUESTS} answers (seed ${seed})`);
    if (complaints.length > 0) console.error(cogd.process.stderr);
    assert.deepEqual(complaints, [], `seed ${seed}: repeat with COGD_SEED=${seed}`);
    assert.ok((statuses.get(200) ?? 0) > REQUESTS / 10, JSON.stringify([...statuses]));
    assert.ok((statuses.get(400) ?? 0) > REQUESTS / 50, JSON.stringify([...statuses]));
    assert.doesNotMatch(cogd.process.stderr, /HTTP request \w+ .*failed/);
  });
}
