import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryPlugin } from "../../../plugins/memory/mod.ts";
import { sqlitePlugin } from "../../../plugins/sqlite/mod.ts";
import type { StoreHost, StorePlugin } from "../../../src/plugin_api/mod.ts";
import { exerciseStore, type StorePlace } from "./mod.ts";

const host: StoreHost = {
  log: () => {},
  now: () => Date.now(),
  namespace: "",
  handlePrefix: "H:test:",
};

/** A data folder of its own, where the plugin puts what it keeps. */
async function folderFor(plugin: StorePlugin): Promise<StorePlace> {
  const dataDir = await mkdtemp(join(tmpdir(), "cogd-store-"));
  return {
    open: () => plugin.open({ values: new Map(), dataDir }, host),
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

exerciseStore({
  name: "memory",
  durability: "nothing",
  maxWorkloadBytes: 0xffff_ffff,
  newPlace: () => folderFor(memoryPlugin),
});

exerciseStore({
  name: "sqlite",
  durability: "power-loss",
  maxWorkloadBytes: 999_000_000,
  newPlace: () => folderFor(sqlitePlugin),
});
