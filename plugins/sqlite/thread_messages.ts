import type {
  ExportOutcome,
  ExportPlan,
  LogLevel,
  StoreErrorCode,
  StoreFigures,
} from "../../src/plugin_api/mod.ts";
import type { SqliteSettings } from "./settings.ts";

/** What the server's thread asks of the store's thread. Each request has exactly one reply, in order. */
export type Request =
  | {
    readonly kind: "open";
    readonly settings: SqliteSettings;
    readonly namespace: string;
    readonly handlePrefix: string;
  }
  | { readonly kind: "commit"; readonly batch: ArrayBuffer }
  | { readonly kind: "page" }
  | { readonly kind: "export"; readonly plan: Omit<ExportPlan, "progress"> }
  | { readonly kind: "close" };

export type Reply =
  | { readonly kind: "done" }
  | { readonly kind: "committed"; readonly figures: StoreFigures }
  /** A page of the replay; null at its end. */
  | { readonly kind: "page"; readonly page: ArrayBuffer | null }
  | { readonly kind: "exported"; readonly outcome: ExportOutcome }
  | {
    readonly kind: "refused";
    readonly code: StoreErrorCode;
    readonly message: string;
    /** Text of the error behind it, if there was one. */
    readonly cause: string;
  };

/** How far an export is; comes before its reply. */
export interface ExportProgress {
  readonly kind: "progress";
  /** Jobs that have been looked at. */
  readonly jobs: number;
}

/** A line for the server's log; may come at any time. */
export interface LogLine {
  readonly kind: "log";
  readonly level: LogLevel;
  readonly line: string;
}
