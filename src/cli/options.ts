import type { StorePlugin } from "../plugin_api/mod.ts";
import { HTTP_OPTIONS } from "./http_options.ts";
import type { OptionSpec } from "./option_spec.ts";
import { PROCESS_OPTIONS } from "./process_options.ts";
import { queueOptions } from "./queue_options.ts";
import { SERVER_OPTIONS } from "./server_options.ts";

/** Every option there is with these queue types, in the order of the help. */
export function allOptions(plugins: readonly StorePlugin[]): OptionSpec[] {
  return [...SERVER_OPTIONS, ...HTTP_OPTIONS, ...PROCESS_OPTIONS, ...queueOptions(plugins)];
}
