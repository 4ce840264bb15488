/** Requests as they are on the wire, and text as bytes: one character per byte. */

export const GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
/** The head of a request whose body comes in chunks. */
export const CHUNKED = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

export function get(path: string, method = "GET"): string {
  return `${method} ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
}

export function post(body: string, ...headers: string[]): string {
  const lines = ["POST /a HTTP/1.1", "Host: h", `Content-Length: ${body.length}`, ...headers];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
