import type { FunctionQueue } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Gateway } from "../gateway.ts";
import { Exposition, type ExpositionFormat } from "./exposition.ts";
import type { FunctionFigures } from "../figures/mod.ts";
import {
  type FunctionRow,
  writeCompatible,
  writeCounters,
  writeGauges,
  writeHistograms,
} from "./function_metrics.ts";
import {
  writeConnections,
  writeHttp,
  writeKeys,
  writeProcess,
  writeState,
  writeStore,
  writeTraffic,
  writeVersion,
} from "./server_metrics.ts";

/** Whether a caller may see a function; null stands for all functions together. */
export type MaySee = (name: ByteString | null) => boolean;

/** All metrics, with as many function labels as the configuration allows. */
export function scrape(gateway: Gateway, format: ExpositionFormat, maySee: MaySee): string {
  const { server, figures } = gateway;
  figures.sweep();
  const out = new Exposition(format);
  const rows = boundedRows(gateway, maySee);
  writeVersion(out, gateway);
  writeFunctions(out, rows, gateway);
  writeState(out, gateway);
  writeConnections(out, gateway);
  writeTraffic(out, gateway);
  writeStore(out, server, figures.store);
  writeHttp(out, gateway, figures.http);
  writeKeys(out, figures.jobs);
  writeProcess(out);
  return out.text();
}

/**
 * The metrics of the functions that match, under their own names even when they are beyond the bound
 * of labels; what such functions share with others is not shown.
 */
export function scrapeFunctions(
  gateway: Gateway,
  format: ExpositionFormat,
  matches: (name: ByteString) => boolean,
): string {
  const { server, figures } = gateway;
  const rows: FunctionRow[] = [];
  const labels = new Set<string>();
  for (const queue of server.jobServer.table.functions) {
    const label = textForJson(queue.name);
    if (!matches(queue.name) || labels.has(label)) continue;
    labels.add(label);
    const own = figures.jobs.of(queue.name);
    rows.push({ label, queues: [queue], figures: own === figures.jobs.rest ? null : own });
  }
  const out = new Exposition(format);
  writeFunctions(out, rows, gateway);
  return out.text();
}

function writeFunctions(
  out: Exposition,
  rows: readonly FunctionRow[],
  { server, figures }: Gateway,
): void {
  writeCompatible(out, rows);
  writeGauges(out, rows, server.clock.now(), figures.jobs.retrying);
  writeCounters(out, rows);
  writeHistograms(out, rows);
}

function boundedRows({ server, figures }: Gateway, maySee: MaySee): FunctionRow[] {
  const queues = new Map<FunctionFigures, FunctionQueue[]>();
  for (const queue of server.jobServer.table.functions) {
    const own = figures.jobs.of(queue.name);
    const others = queues.get(own);
    if (others === undefined) queues.set(own, [queue]);
    else others.push(queue);
  }
  return [...figures.jobs.all()].filter(({ name }) => maySee(name)).map((own) => ({
    label: own.label,
    queues: queues.get(own) ?? [],
    figures: own,
  }));
}
