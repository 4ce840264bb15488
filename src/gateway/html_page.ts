import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { textResponse } from "./responses.ts";

/** Text that is HTML already. */
export type Html = ReturnType<typeof raw>;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.25; }
h3 code { font-weight: 600; }
code, pre { font: 0.9em ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8886; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid #8884; }
details { margin: 0.3rem 0; }
section { margin: 2rem 0; }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** The page runs no script and fetches nothing; only its own style counts. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'";

/** The text of a page for people that works without scripts and without anything from elsewhere. */
export function pageText(title: string, body: Html | Promise<Html>): string {
  const text = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
    ${body}
      </body>
    </html>
  `;
  return String(text).trimStart();
}

/** A page made by `pageText`. */
export function pageResponse(page: string): Response {
  return textResponse(200, page, "text/html; charset=utf-8", {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
  });
}

/** Text of the route table: blank lines make paragraphs, backquotes make code. */
export function prose(text: string): Html[] {
  return text.split(/\n\n+/).map((part) => made(html`<p>${inline(part)}</p>`));
}

/** Text with what stands in backquotes as code. */
export function inline(text: string): (string | Html)[] {
  return text.split("`").map((part, at) => at % 2 === 0 ? part : made(html`<code>${part}</code>`));
}

/** Made at the first request and kept: who asks often costs nothing more. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Nothing in these pages is waited for. */
export function made(part: Html | Promise<Html>): Html {
  if (part instanceof Promise) {
    throw new TypeError("Cannot make a page of parts that are not there yet");
  }
  return part;
}
