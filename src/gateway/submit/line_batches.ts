import { joinBytes } from "../../protocol/mod.ts";
import { Problem } from "../problem.ts";

const LINE_FEED = 0x0a;

export interface LineLimits {
  /** Bytes of one line. */
  readonly maxLineBytes: number;
  /** Lines of one batch. */
  readonly maxLines: number;
}

/**
 * Cuts a stream into lines, in batches of what is there, so that nobody waits for a batch to fill.
 * Empty lines are left out. Throws `payload-too-large` for a line.
 */
export async function* lineBatches(
  pieces: AsyncIterable<Uint8Array>,
  { maxLineBytes, maxLines }: LineLimits,
): AsyncGenerator<Uint8Array[], void> {
  let open: Uint8Array[] = [];
  let openBytes = 0;
  const keep = (rest: Uint8Array) => {
    if (rest.length === 0) return;
    openBytes += rest.length;
    if (openBytes > maxLineBytes) {
      throw new Problem("payload-too-large", `A line is longer than ${maxLineBytes} bytes`);
    }
    open.push(rest);
  };
  const take = (): Uint8Array => {
    const line = open.length === 1 ? open[0]! : joinBytes(open, openBytes);
    open = [];
    openBytes = 0;
    return line;
  };
  for await (const piece of pieces) {
    let batch: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      keep(piece.subarray(start, end));
      start = end + 1;
      const line = take();
      if (!isBlank(line)) batch.push(line);
      if (batch.length < maxLines) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
    // Of its own: what the stream lends may be used again for the next piece.
    keep(Uint8Array.prototype.slice.call(piece, start));
  }
  const last = take();
  if (!isBlank(last)) yield [last];
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
