/** A store that keeps nothing, and reads its jobs until a file is there: for a server that is starting. */

import { existsSync } from "node:fs";

/** Between two looks, milliseconds. */
const LOOK_AGAIN_MS = 20;

export const plugin = {
  name: "gated",
  aliases: [],
  options: [{ name: "gate", kind: "text", help: "The file" }],
  open({ values }) {
    let closed = false;
    return Promise.resolve({
      traits: { durability: "restart", maxWorkloadBytes: 1024 * 1024, description: "gated" },
      commit: () => Promise.resolve(),
      async *replay() {
        while (!closed && !existsSync(values.get("gate"))) {
          await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        }
      },
      close() {
        closed = true;
        return Promise.resolve();
      },
    });
  },
};
