import { HeaderList } from "./header_list.ts";

/** Reason phrases (RFC 9110); clients ignore them, people read them. */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** What follows from the connection and not from the response. */
export interface HeadOptions {
  /** Seconds are enough: milliseconds since 1970. */
  readonly now: number;
  /** No further request is taken on this connection. */
  readonly closes: boolean;
  /** An HTTP/1.0 peer that asked for it is told that the connection stays. */
  readonly saysKeepAlive: boolean;
  /** The length of the body, "chunked", or null where neither is to be said. */
  readonly body: number | "chunked" | null;
}

/** What the server says by itself. */
const OWN = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

/** The head of a response as text, one character per byte, with the empty line. */
export function responseHead(
  status: number,
  headers: Headers,
  options: HeadOptions,
): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;
  let dated = false;
  for (const [name, value] of fieldsOf(headers)) {
    if (OWN.has(name)) continue;
    if (name === "date") dated = true;
    text += `${name}: ${value}\r\n`;
  }
  if (!dated) text += dateLine(options.now);
  if (options.closes) text += "connection: close\r\n";
  else if (options.saysKeepAlive) text += "connection: keep-alive\r\n";
  if (options.body === "chunked") text += "transfer-encoding: chunked\r\n";
  else if (options.body !== null) text += `content-length: ${options.body}\r\n`;
  return text + "\r\n";
}

function fieldsOf(headers: Headers): Iterable<readonly [string, string]> {
  return headers instanceof HeaderList ? headers.fields : headers;
}

let dateSecond = -1;
let dateText = "";

function dateLine(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return dateText;
}
