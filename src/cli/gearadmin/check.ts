import { Buffer } from "node:buffer";
import { CliError } from "../cli_error.ts";
import { helpText } from "../help.ts";
import type { OptionValues } from "../option_values.ts";
import { AdminConnection } from "./admin_connection.ts";
import { AdminError } from "./admin_error.ts";
import type { AdminOutput } from "./admin_output.ts";
import { readOptions } from "./arguments.ts";
import { CHECK_HEAD, CHECK_OPTIONS, type Figure, FIGURES } from "./check_options.ts";
import { CheckState, judge, line, type Thresholds } from "./check_verdict.ts";
import { type FunctionRow, functionRows } from "./rows.ts";
import { serverOf } from "./server_options.ts";

/** `gearadmin check`. Answers the exit code of a Nagios plugin. */
export async function runCheck(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: AdminOutput,
): Promise<number> {
  try {
    const values = readOptions(words, CHECK_OPTIONS);
    if (values.isGiven("help")) {
      output.out(helpText(CHECK_OPTIONS, CHECK_HEAD));
      // Plugins answer UNKNOWN when they have checked nothing.
      return CheckState.UNKNOWN;
    }
    const verdict = judge(
      await rowsOf(values, environment),
      subjectOf(values),
      thresholdsOf(values),
    );
    output.out(verdict.text);
    return verdict.state;
  } catch (error) {
    if (error instanceof CliError) {
      output.out(line(CheckState.UNKNOWN, error.message));
      return CheckState.UNKNOWN;
    }
    if (!(error instanceof AdminError)) throw error;
    output.out(line(CheckState.CRITICAL, error.message));
    return CheckState.CRITICAL;
  }
}

/** Asks the server, within the time that all of it may take. */
async function rowsOf(
  values: OptionValues,
  environment: Readonly<Record<string, string>>,
): Promise<FunctionRow[]> {
  const limitMs = Math.max(1, Number(values.number("timeout"))) * 1000;
  const server = serverOf(values, environment, limitMs);
  const began = performance.now();
  const connection = await AdminConnection.open(server);
  try {
    const leftMs = Math.max(1, limitMs - (performance.now() - began));
    const reply = await connection.ask(Buffer.from("status"), "list", leftMs);
    return functionRows(reply);
  } finally {
    connection.close();
  }
}

function subjectOf(values: OptionValues): "all" | "each" | readonly string[] {
  const names = values.texts("function");
  if (names.length > 0) return names;
  return values.isGiven("each") ? "each" : "all";
}

function thresholdsOf(values: OptionValues): Thresholds {
  const limit = (name: string) => {
    const value = values.number(name);
    return value === undefined ? undefined : Number(value);
  };
  const of = (figure: Figure) => ({
    warning: limit(`${figure}-warning`),
    critical: limit(`${figure}-critical`),
  });
  return Object.fromEntries(FIGURES.map((figure) => [figure, of(figure)])) as Thresholds;
}
