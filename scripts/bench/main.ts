/** `deno task bench`: measures cogd and C gearmand side by side. See `--help`. */
import process from "node:process";
import { bunProgram, installedFile, PLATFORM } from "../toolchain.ts";
import { denoPackage, PINS } from "../toolchain_pins.ts";
import { chooseCores } from "./cores.ts";
import { Generator } from "./generator_process.ts";
import { type Measurement, measureWorkload } from "./measurements.ts";
import { readOptions, USAGE } from "./options.ts";
import { effortTable, failureLines, resultTable, roundText } from "./report.ts";
import { serverKinds } from "./server_kinds.ts";
import type { Bench } from "./workload.ts";
import { selectWorkloads } from "./workloads/mod.ts";

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const workloads = selectWorkloads(options.only);
  if (options.list) return console.log(workloads.map(({ name }) => name).join("\n"));

  const programs = {
    deno: await installedFile(denoPackage(PLATFORM, PINS.deno)),
    bun: await bunProgram(),
  };
  const kinds = serverKinds(options.servers, programs);
  const cores = await chooseCores(options.pin);
  const runtime = options.generator === "bun"
    ? { command: programs.bun, args: [] }
    : { command: programs.deno, args: ["run", "--allow-all", "--no-check"] };
  const bench: Bench = {
    quick: options.quick,
    generator: new Generator(runtime, cores),
    cores,
    dataRoot: options.dataDir,
  };

  const measurements: Measurement[] = [];
  for (const workload of workloads) {
    const rounds = options.rounds ?? workload.rounds[options.quick ? "quick" : "full"];
    measurements.push(
      ...await measureWorkload(workload, kinds, rounds, bench, (server, outcome) => {
        console.error(`${workload.name} | ${server.name} | ${roundText(workload, outcome)}`);
      }),
    );
  }
  console.log(resultTable(measurements, kinds));
  console.log(`\n${effortTable(measurements, kinds)}`);
  for (const line of failureLines(measurements)) console.log(`\n${line}`);
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
