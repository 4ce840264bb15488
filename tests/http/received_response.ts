import assert from "node:assert/strict";

/** A response as a client understands it. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The framing says that it is all there. */
  readonly isWhole: boolean;
}

/**
 * Reads the responses in what a connection brought, one character per byte. `methods` are those of
 * the requests, for the ones whose responses have no body; all others had one.
 */
export function responsesIn(text: string, methods: readonly string[] = []): ReceivedResponse[] {
  const responses: ReceivedResponse[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\r\n\r\n", at);
    assert.notEqual(end, -1, `a head without an end: ${JSON.stringify(text.slice(at, at + 200))}`);
    const [statusLine, ...lines] = text.slice(at, end).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine!)?.[1];
    assert.ok(status, `not a status line: ${statusLine}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const [, name, value] = /^([^:\s]+): (.*)$/.exec(line) ??
        assert.fail(`not a header: ${line}`);
      assert.ok(!(name!.toLowerCase() in headers), `two headers ${name}`);
      headers[name!.toLowerCase()] = value!;
    }
    at = end + 4;
    if (status === "100") continue;
    const hasNoBody = status === "204" || status === "304" || methods[responses.length] === "HEAD";
    const body = hasNoBody ? { body: "", isWhole: true, end: at } : readBody(text, at, headers);
    responses.push({ status: Number(status), headers, body: body.body, isWhole: body.isWhole });
    at = body.end;
  }
  return responses;
}

function readBody(text: string, at: number, headers: Readonly<Record<string, string>>) {
  const length = headers["content-length"];
  if (headers["transfer-encoding"] === "chunked") {
    assert.equal(length, undefined, "both framings");
    return readChunks(text, at);
  }
  if (length === undefined) return { body: text.slice(at), isWhole: false, end: text.length };
  const end = Math.min(text.length, at + Number(length));
  return { body: text.slice(at, end), isWhole: end - at === Number(length), end };
}

function readChunks(text: string, at: number) {
  let body = "";
  for (;;) {
    const end = text.indexOf("\r\n", at);
    if (end < 0) return { body, isWhole: false, end: text.length };
    assert.match(text.slice(at, end), /^[0-9a-f]+$/);
    const size = parseInt(text.slice(at, end), 16);
    body += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
    if (at > text.length) return { body, isWhole: false, end: text.length };
    assert.equal(text.slice(at - 2, at), "\r\n");
    if (size === 0) return { body, isWhole: true, end: at };
  }
}
