import { runProgram } from "../tests/support/mod.ts";
import type { CompileOptions } from "./compile_deno.ts";
import { EXTRA_ENTRY_POINTS } from "./compile_entry_points.ts";
import { bunProgram } from "./toolchain.ts";
import { prepareNodeModules } from "./toolchain_node_modules.ts";
import { PINS } from "./toolchain_pins.ts";

/** Compiles with `bun build --compile`; answers which base runtime it stands on, in words. */
export async function compileWithBun(options: CompileOptions): Promise<string> {
  await prepareNodeModules(options.root);
  const result = await runProgram(await bunProgram(), [
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    // Bytecode alone would refuse `await` at the top level of a module.
    "--format=esm",
    // The executable must not obey files that happen to lie where it is started.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    options.main,
    ...EXTRA_ENTRY_POINTS,
    `--outfile=${options.output}`,
  ], { cwd: options.root, env: { NO_COLOR: "1" }, timeoutMs: 5 * 60_000 });
  if (result.code !== 0) {
    throw new Error(
      `Cannot compile with Bun ${PINS.bun}: exit code ${result.code}\n${result.output}`,
    );
  }
  return `Bun ${PINS.bun}`;
}
