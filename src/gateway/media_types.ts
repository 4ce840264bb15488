/** Media types: of a body, and those that a caller accepts (RFC 9110 sections 8.3 and 12.5.1). */

/** A `Content-Type` in lower case without its parameters; "" when there is none. */
export function mediaTypeOf(contentType: string | null): string {
  return contentType === null ? "" : contentType.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether bodies of this media type are JSON. */
export function isJson(mediaType: string): boolean {
  return mediaType === "application/json" || mediaType.endsWith("+json");
}

/** The entry of `content` for a media type: its own, else that of its family, else that of any type. */
export function contentFor<Entry>(
  content: Readonly<Record<string, Entry>>,
  mediaType: string,
): Entry | undefined {
  if (Object.hasOwn(content, mediaType)) return content[mediaType];
  const family = `${mediaType.split("/", 1)[0]}/*`;
  return Object.hasOwn(content, family) ? content[family] : content["*/*"];
}

interface Range {
  readonly type: string;
  /** 0 to 1. */
  readonly weight: number;
}

/** The best of `offered` (the server's order breaks ties) by an `Accept` header; undefined for none. */
export function bestOffer(
  accept: string | null,
  offered: readonly string[],
): string | undefined {
  if (accept === null || accept.trim() === "" || accept.trim() === "*/*") return offered[0];
  const ranges = accept.split(",").map(range).filter(({ type }) => type !== "");
  let best: string | undefined;
  let bestWeight = 0;
  for (const offer of offered) {
    const weight = weightOf(offer, ranges);
    if (weight <= bestWeight) continue;
    best = offer;
    bestWeight = weight;
  }
  return best;
}

function range(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  const weight = q === undefined ? 1 : Number(q.slice(2));
  return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

/** The weight of the most exact range that covers it. */
function weightOf(offer: string, ranges: readonly Range[]): number {
  const type = mediaTypeOf(offer);
  const covering = [type, `${type.split("/", 1)[0]}/*`, "*/*"];
  for (const pattern of covering) {
    const found = ranges.find((one) => one.type === pattern);
    if (found !== undefined) return found.weight;
  }
  return 0;
}
