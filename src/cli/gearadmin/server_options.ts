import { GearmanError, readTlsFiles, tlsFilesIn } from "../../client/mod.ts";
import { CliError } from "../cli_error.ts";
import type { OptionSpec } from "../option_spec.ts";
import type { OptionValues } from "../option_values.ts";
import type { AdminServer } from "./admin_connection.ts";
import { REFERENCE_OPTIONS } from "./option_table.ts";

const NAMES: readonly string[] = ["help", "host", "port", "ssl"];

/** `--help` and the options that say which server is meant, for commands of our own, under this heading. */
export function serverOptions(group: string): OptionSpec[] {
  return REFERENCE_OPTIONS.filter(({ name }) => NAMES.includes(name)).map(
    (spec) => ({
      ...spec,
      group,
      ...(spec.valueName === undefined ? {} : { valueName: spec.name.toUpperCase() }),
    }),
  );
}

/** The server that is meant. Throws `CliError` where the files for TLS cannot be used. */
export function serverOf(
  values: OptionValues,
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
): AdminServer {
  return {
    host: values.text("host")!,
    port: values.text("port")!,
    tls: values.isGiven("ssl") ? tlsOf(environment) : undefined,
    timeoutMs,
  };
}

function tlsOf(environment: Readonly<Record<string, string>>) {
  try {
    return readTlsFiles(tlsFilesIn(environment));
  } catch (cause) {
    if (!(cause instanceof GearmanError)) throw cause;
    throw new CliError("TLS_FILES", cause.message, { cause });
  }
}
