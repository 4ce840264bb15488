import { LineReader } from "./line_reader.ts";
import type { FunctionSettings } from "./settings.ts";
import type { WorkLog } from "./work_log.ts";

/** What a job's program can tell while it works: a `WorkerJob` of the library. */
export interface ReportingJob {
  readonly handle: string;
  sendData(data: Uint8Array): void;
  sendWarning(data: Uint8Array): void;
  sendStatus(numerator: number, denominator: number): void;
}

/** A line on standard error that is progress: `@progress 3/10`. */
const PROGRESS = /^@progress (\d{1,9})\/(\d{1,9})$/;
/** Last lines that are kept for the text of an exception. */
const KEPT_LINES = 10;

const encoder = new TextEncoder();

/** What a job's program writes on standard error: progress, and lines for log and clients. */
export class JobReports {
  readonly #settings: FunctionSettings;
  readonly #job: ReportingJob;
  readonly #log: WorkLog;
  readonly #reader = new LineReader((line) => this.#take(line));
  readonly #last: string[] = [];
  #count = 0;

  constructor(settings: FunctionSettings, job: ReportingJob, log: WorkLog) {
    this.#settings = settings;
    this.#job = job;
    this.#log = log;
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  /** The last lines; nothing more comes. */
  end(): readonly string[] {
    this.#reader.flush();
    const left = this.#count - this.#settings.maxLogLines;
    if (left > 0 && this.#settings.stderr !== "none") {
      this.#log("NOTICE", `${this.#name}: ${left} more lines on standard error`);
    }
    return this.#last;
  }

  get #name(): string {
    return `${this.#settings.name} ${this.#job.handle}`;
  }

  #take(line: string): void {
    const [, numerator, denominator] = PROGRESS.exec(line) ?? [];
    if (denominator !== undefined) {
      return this.#job.sendStatus(Number(numerator), Number(denominator));
    }
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    const { stderr, maxLogLines } = this.#settings;
    if (stderr === "none" || ++this.#count > maxLogLines) return;
    this.#log("NOTICE", `${this.#name}: ${line}`);
    if (stderr === "warnings") this.#job.sendWarning(encoder.encode(line));
  }
}
