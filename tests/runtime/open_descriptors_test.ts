import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { openDescriptors } from "../../src/runtime/mod.ts";

/** Counts when nothing of other tests in this process is being closed any more. */
async function settledCount(): Promise<ReturnType<typeof openDescriptors>> {
  for (let same = 0, last = -1;;) {
    const count = openDescriptors();
    same = count?.open === last ? same + 1 : 0;
    if (same === 10) return count;
    last = count?.open ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("open descriptors are counted exactly, also when some in between are free", async () => {
  const before = await settledCount();
  assert.ok(before !== undefined, "the C library can be asked here");
  const opened = Array.from({ length: 20 }, () => openSync("/dev/null", "r"));
  try {
    assert.equal(openDescriptors()?.open, before.open + 20);
    for (const descriptor of opened.splice(0, 5)) closeSync(descriptor);
    assert.equal(openDescriptors()?.open, before.open + 15);
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
  assert.deepEqual(openDescriptors(), before);
  assert.ok(before.most >= before.open);
});
