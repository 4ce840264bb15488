/** `deno task bench`: measures cogd and C gearmand side by side. See `--help`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_ROOT } from "../../tests/support/mod.ts";
import { bunProgram, installedFile, PLATFORM } from "../toolchain.ts";
import { denoPackage, PINS } from "../toolchain_pins.ts";
import { endChildrenOnSignals, wasInterrupted } from "./children.ts";
import { chooseCores, type Cores } from "./cores.ts";
import { Databases } from "./databases.ts";
import { type Block, reportText, writeBetweenMarkers } from "./document.ts";
import { Generator } from "./generator_process.ts";
import { machineFacts } from "./machine.ts";
import { type Measurement, measureWorkload } from "./measurements.ts";
import { type BenchOptions, readOptions, USAGE } from "./options.ts";
import { type Results, roundText } from "./report.ts";
import { responderKind, type RuntimePrograms, serverKinds } from "./server_kinds.ts";
import { isAboutHttp } from "./workloads/http.ts";
import { isAboutStores, selectWorkloads } from "./workloads/mod.ts";

const DOCUMENT = join(PROJECT_ROOT, "docs/benchmarks.md");

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) return console.log(USAGE);
  if (options.list) {
    return console.log(
      selectWorkloads(options.only, options.mode).map(({ name }) => name).join("\n"),
    );
  }
  endChildrenOnSignals();
  const cores = await chooseCores(options.pin);
  const machine = await machineFacts(options.dataDir, cores);
  await using databases = new Databases();
  const results = await measureAll(options, cores, databases);
  const facts = [...machine, ...await databases.facts()];
  const command = ["deno task bench", ...args.filter((arg) => arg !== "--write")].join(" ");
  for (const [block, part] of blocksOf(results)) {
    const report = reportText(part, facts, command);
    console.log(report);
    if (options.write) await writeBetweenMarkers(DOCUMENT, report, block);
  }
  if (options.json !== undefined) {
    const content = { command, facts: Object.fromEntries(facts), ...results };
    await writeFile(options.json, `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** HTTP and stores have blocks of their own; SQLite's figures stand in theirs when a database's do. */
function blocksOf(results: Results): [Block, Results][] {
  const { measurements } = results;
  const http = measurements.filter(({ workload }) => isAboutHttp(workload));
  const rest = measurements.filter((measurement) => !http.includes(measurement));
  const withDatabase = rest.some(({ workload }) => workload.onlyOnDemand === true);
  const stores = rest.filter(({ workload }) => withDatabase && isAboutStores(workload));
  const others = rest.filter((measurement) => !stores.includes(measurement));
  const parts: [Block, Results][] = [
    ["figures", { ...results, measurements: others }],
    ["stores", { ...results, measurements: stores }],
    ["http", { ...results, measurements: http }],
  ];
  return parts.filter(([, part]) => part.measurements.length > 0);
}

async function measureAll(
  options: BenchOptions,
  cores: Cores,
  databases: Databases,
): Promise<Results> {
  const programs: RuntimePrograms = {
    deno: await installedFile(denoPackage(PLATFORM, PINS.deno)),
    bun: await bunProgram(),
  };
  const servers = serverKinds(options.servers, programs);
  const responder = responderKind(programs);
  const bench = {
    settleMs: options.mode === "quick" ? 300 : 2000,
    generator: new Generator(programs.bun, cores),
    cores,
    databases,
    dataRoot: options.dataDir,
  };
  const measurements: Measurement[] = [];
  for (const workload of selectWorkloads(options.only, options.mode)) {
    const withResponder = workload.kind === "running" && workload.withResponder;
    const kinds = withResponder ? [...servers, responder] : servers;
    const rounds = options.rounds ?? workload.rounds;
    measurements.push(
      ...await measureWorkload(workload, kinds, rounds, bench, (server, outcome) => {
        console.error(`${workload.name}, ${server.name}: ${roundText(workload, outcome)}`);
      }),
    );
    if (wasInterrupted()) throw new Error("Interrupted: nothing is reported");
  }
  return { measurements, servers, responder };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
