import type { OptionSpec } from "../option_spec.ts";
import type { OptionValues } from "../option_values.ts";
import type { AdminServer } from "./admin_connection.ts";
import { REFERENCE_OPTIONS } from "./option_table.ts";

/** `--help`, `--host` and `--port`, for commands of our own, under this heading. */
export function serverOptions(group: string): OptionSpec[] {
  return REFERENCE_OPTIONS.filter(({ name }) => ["help", "host", "port"].includes(name)).map(
    (spec) => ({
      ...spec,
      group,
      ...(spec.valueName === undefined ? {} : { valueName: spec.name.toUpperCase() }),
    }),
  );
}

export function serverOf(values: OptionValues, timeoutMs: number): AdminServer {
  return { host: values.text("host")!, port: values.text("port")!, timeoutMs };
}
