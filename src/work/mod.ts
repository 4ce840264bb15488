/** `cogd work`: any program as the worker of functions. */
export { readSettings, simpleSettings } from "./read_settings.ts";
export { type FunctionSettings, type WorkSettings, WorkSettingsError } from "./settings.ts";
export { programPath } from "./program_path.ts";
export type { WorkLog, WorkLogLevel } from "./work_log.ts";
export { WorkService } from "./work_service.ts";
