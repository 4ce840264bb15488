import assert from "node:assert/strict";
import { test } from "node:test";
import { cutBaseRuntime, endOfSectionHeaders } from "../../scripts/compile_base.ts";
import { concernsBaseRuntime } from "../../scripts/compile_deno.ts";

/** An ELF header whose section headers begin at `offset`. */
function elfHeader(offset: number, entrySize: number, entries: number): Uint8Array {
  const bytes = new Uint8Array(100);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0x28, BigInt(offset), true);
  view.setUint16(0x3a, entrySize, true);
  view.setUint16(0x3c, entries, true);
  return bytes;
}

test("the base runtime ends where the ELF section headers end", () => {
  assert.equal(endOfSectionHeaders(elfHeader(92_181_608, 64, 36)), 92_183_912);
  assert.throws(() => endOfSectionHeaders(new Uint8Array(100)), /not a 64-bit little-endian ELF/);
  assert.throws(() => endOfSectionHeaders(elfHeader(1, 1, 1).subarray(0, 20)), /not a 64-bit/);
});

test("bytes that are not the known base runtime are refused", () => {
  assert.throws(() => cutBaseRuntime(elfHeader(64, 1, 36)), /100 bytes with SHA-256 .*, expected/);
});

test("only a missing base runtime makes the compiler fall back, not a fault in the source", () => {
  assert.ok(concernsBaseRuntime("Download https://host/release/v2.9.6/denort-x86_64.zip\n"));
  assert.ok(concernsBaseRuntime("error: Writing ...\n 0: Setting up base binary.\n 1: dns error"));
  assert.ok(!concernsBaseRuntime('error: Module not found "file:///main.ts".'));
});
