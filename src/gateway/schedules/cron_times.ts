import { Cron } from "croner";

/** What is wrong with a schedule's times: its `cron` or its `tz`. */
export class CronError extends Error {
  readonly field: "cron" | "tz";
  /** `message` continues a sentence that begins with the field's name. */
  constructor(field: "cron" | "tz", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CronError";
    this.field = field;
  }
}

const FIELDS = 5;
/** What fields are made of. Not `?`, which would mean the moment of reading, nor `+`. */
const FIELD = /^[0-9A-Za-z*,\-/#]+$/;
/** Names of the IANA database, e.g. `Europe/Berlin`, `Etc/GMT+2`, `UTC`. */
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;

/**
 * When a cron expression comes, in a time zone. Where clocks are set forward, a run at a fixed time in
 * the gap comes right after it; where they are set back, it comes once, the first time. Expressions with
 * `*` or steps in minute or hour go by the time that passes: nothing in the gap, both times in the
 * hour that comes twice. So does Vixie cron.
 */
export class CronTimes {
  readonly #cron: Cron;

  /** Throws a `CronError`. */
  constructor(expression: string, timeZone: string) {
    const fields = fieldsOf(expression);
    if (fields.length !== FIELDS) {
      throw new CronError("cron", "must be five fields: minute, hour, day, month, weekday");
    }
    const wrong = fields.find((field) => !FIELD.test(field));
    if (wrong !== undefined) throw new CronError("cron", `has a field that is not valid: ${wrong}`);
    requireTimeZone(timeZone);
    try {
      // Without a function croner sets no timers.
      this.#cron = new Cron(fields.join(" "), {
        mode: "5-part",
        timezone: timeZone,
        fixedTimeRule: "no-wildcard",
      });
    } catch (cause) {
      const text = (cause as Error).message.replace(/^CronPattern: /, "");
      throw new CronError("cron", `is not valid: ${text}`, { cause });
    }
  }

  /** The first time after `ms`, both milliseconds since 1970; null when there is none any more. */
  after(ms: number): number | null {
    return this.#cron.nextRun(new Date(ms))?.getTime() ?? null;
  }

  /** The next `count` times after `ms`. */
  manyAfter(ms: number, count: number): number[] {
    return this.#cron.nextRuns(count, new Date(ms)).map((date) => date.getTime());
  }
}

/** An expression with one blank between its fields. */
export function tidyCron(expression: string): string {
  return fieldsOf(expression).join(" ");
}

function fieldsOf(expression: string): string[] {
  return expression.trim().split(/\s+/);
}

function requireTimeZone(timeZone: string): void {
  try {
    if (!TIME_ZONE.test(timeZone)) throw new RangeError("no name of a time zone");
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    throw new CronError("tz", "must be a time zone's name, such as UTC or Europe/Berlin", {
      cause,
    });
  }
}
