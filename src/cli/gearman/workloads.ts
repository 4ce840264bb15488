import type { GearmanArguments } from "./arguments.ts";
import { joined, LineSplitter } from "./line_splitter.ts";
import { LONGEST_WORKLOAD } from "./limits.ts";

/** The data of the jobs, one after the other: lines are passed on as they come in. */
export async function* workloads(
  { operands, noInput, lines }: GearmanArguments,
  input: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (operands.length > 0) {
    for (const text of operands) yield new TextEncoder().encode(text);
  } else if (noInput) {
    yield new Uint8Array(0);
  } else if (lines === "whole") {
    yield await readAll(input());
  } else {
    const splitter = new LineSplitter(lines === "lines", LONGEST_WORKLOAD);
    for await (const bytes of input()) yield* splitter.push(bytes);
    const rest = splitter.rest();
    if (rest !== undefined) yield rest;
  }
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of input) {
    pieces.push(bytes.slice());
    length += bytes.length;
    if (length > LONGEST_WORKLOAD) {
      throw new RangeError(`Standard input is longer than ${LONGEST_WORKLOAD} bytes`);
    }
  }
  return joined(pieces, length);
}
