import type { HeaderField } from "./header_list.ts";
import { headerNameAt } from "./header_names.ts";
import { RefusedRequest } from "./http_problems.ts";

/** A request without its body. */
export interface RequestHead {
  readonly method: string;
  /** Absolute: scheme, the host asked for, path and query, ASCII only. */
  readonly url: string;
  /** Names in lower case, values one character per byte, in the order in which they came. */
  readonly headers: readonly HeaderField[];
  /** HTTP/1.0: no chunks, no interim responses. */
  readonly isOld: boolean;
  /** The peer wants to send another request on this connection. */
  readonly keepAlive: boolean;
  /** Length of the body, or how to find its end. */
  readonly body: number | "chunked";
  readonly expectsContinue: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/;
const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i;
/** A host and perhaps a port (RFC 3986 section 3.2.2), without a user's name. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(:\d{0,5})?$/;
/** What a target may not hold as it is (RFC 3986); the URL parser would turn `\` into `/`. */
const UNSAFE = /["<>\\^`{|}\x80-\xff\t]/g;

/** More headers than any client sends; each costs more memory than its bytes. */
const MAX_HEADERS = 128;
/** Up to here integers are exact. */
const LONGEST_LENGTH = 15;

/** Methods that mean a tunnel or a reflection; the Fetch standard forbids them, too. */
const NOT_SERVED = ["CONNECT", "TRACE", "TRACK"];

/**
 * Reads a head (RFC 9112), as strictly as the grammar is written: whatever another server could
 * understand in another way is refused, because that is how requests are smuggled past a proxy.
 * `ownAuthority` stands in for the host where HTTP/1.0 names none. Throws a `RefusedRequest`.
 */
export function parseRequestHead(text: string, ownAuthority: string): RequestHead {
  const endOfLine = text.indexOf("\r\n");
  const [method, target, isOld] = requestLine(endOfLine < 0 ? text : text.slice(0, endOfLine));
  const fields = new Fields();
  const headers = endOfLine < 0 ? [] : readHeaders(text, endOfLine + 2, fields);
  return {
    method,
    url: absoluteUrl(method, target, isOld, fields, headers, ownAuthority),
    headers,
    isOld,
    keepAlive: isOld ? fields.keepAlive && !fields.close : !fields.close,
    body: bodyFraming(fields, isOld),
    expectsContinue: expectsContinue(fields, isOld),
  };
}

/** The headers that this layer acts upon; `undefined` where there is none. */
class Fields {
  host: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  expect: string | undefined;
  close = false;
  keepAlive = false;
}

function requestLine(line: string): [method: string, target: string, isOld: boolean] {
  const match = REQUEST_LINE.exec(line);
  if (match === null) throw refused('the request line is not "METHOD TARGET HTTP/1.1"');
  const [, method, target, major, minor] = match;
  if (major !== "1") {
    throw new RefusedRequest("version-not-supported", "Only HTTP/1.1 and HTTP/1.0 are served");
  }
  if (!TOKEN.test(method!)) throw refused("the method is not a token");
  if (NOT_SERVED.includes(method!)) {
    throw new RefusedRequest("not-implemented", `The method ${method} is not served`);
  }
  return [method!, target!, minor === "0"];
}

function readHeaders(text: string, start: number, fields: Fields): HeaderField[] {
  const headers: HeaderField[] = [];
  for (let at = start; at < text.length;) {
    const found = text.indexOf("\r\n", at);
    const end = found < 0 ? text.length : found;
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon >= end) throw refused("a header line has no colon");
    const name = headerNameAt(text, at, colon);
    // Also a folded line (it begins with a space), and a space before the colon.
    if (name === undefined) throw refused("a header's name is not a token");
    if (headers.length === MAX_HEADERS) {
      throw new RefusedRequest("headers-too-large", `More than ${MAX_HEADERS} headers`);
    }
    const value = trimmed(text, colon + 1, end);
    headers.push([name, value]);
    note(fields, name, value);
    at = end + 2;
  }
  return headers;
}

/** Without spaces and tabs around it. */
function trimmed(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function note(fields: Fields, name: string, value: string): void {
  switch (name) {
    case "host":
      if (fields.host !== undefined) throw refused("it has two Host headers");
      fields.host = value;
      break;
    case "content-length":
      if (fields.contentLength !== undefined) throw refused("it has two Content-Length headers");
      fields.contentLength = value;
      break;
    case "transfer-encoding":
      if (fields.transferEncoding !== undefined) throw refused("it has two Transfer-Encodings");
      fields.transferEncoding = value.toLowerCase();
      break;
    case "expect":
      fields.expect = value.toLowerCase();
      break;
    case "connection":
      for (const option of value.toLowerCase().split(",")) {
        if (option.trim() === "close") fields.close = true;
        if (option.trim() === "keep-alive") fields.keepAlive = true;
      }
      break;
  }
}

function bodyFraming(
  { contentLength, transferEncoding }: Fields,
  isOld: boolean,
): number | "chunked" {
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) {
      throw refused("it has both Content-Length and Transfer-Encoding");
    }
    if (isOld) throw refused("HTTP/1.0 has no Transfer-Encoding");
    if (transferEncoding === "chunked") return "chunked";
    throw new RefusedRequest("not-implemented", "The only Transfer-Encoding served is chunked");
  }
  if (contentLength === undefined) return 0;
  if (!/^\d+$/.test(contentLength)) throw refused("Content-Length is not a number");
  if (contentLength.length > LONGEST_LENGTH) {
    throw new RefusedRequest("payload-too-large", "The body is longer than any server takes");
  }
  return Number(contentLength);
}

function expectsContinue({ expect }: Fields, isOld: boolean): boolean {
  if (expect === undefined || isOld) return false;
  if (expect === "100-continue") return true;
  throw new RefusedRequest("expectation-failed", "The only expectation known is 100-continue");
}

/** RFC 9112 section 3.2: where the target names a host, that counts and not the header. */
function absoluteUrl(
  method: string,
  target: string,
  isOld: boolean,
  fields: Fields,
  headers: HeaderField[],
  ownAuthority: string,
): string {
  if (target.includes("#")) throw refused("the target has a fragment");
  if (fields.host === undefined && !isOld) throw refused("it has no Host header");
  const absolute = ABSOLUTE.exec(target);
  if (absolute !== null) {
    const [, scheme, authority, rest] = absolute;
    checkHost(authority!);
    for (const header of headers) if (header[0] === "host") header[1] = authority!;
    const path = rest!.startsWith("/") ? rest! : `/${rest!}`;
    return `${scheme!.toLowerCase()}://${authority}${encoded(path)}`;
  }
  const authority = fields.host ?? ownAuthority;
  if (fields.host !== undefined) checkHost(authority);
  if (target === "*" && method === "OPTIONS") return `http://${authority}/*`;
  if (!target.startsWith("/")) throw refused("the target is neither a path nor a URL");
  return `http://${authority}${encoded(target)}`;
}

/** The last host that was found right: mostly it is the same again. */
let knownHost = "";

function checkHost(host: string): void {
  if (host === knownHost) return;
  if (!HOST.test(host) || !URL.canParse(`http://${host}/`)) throw refused("the host is not valid");
  knownHost = host;
}

/** What clients send raw though a URL may not hold it, byte by byte. */
function encoded(target: string): string {
  return target.replace(
    UNSAFE,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

function refused(why: string): RefusedRequest {
  return new RefusedRequest("invalid-request", `The request's head is not HTTP/1.1: ${why}`);
}
