import type { LogLevel } from "../plugin_api/mod.ts";

/**
 * Formats lines as gearmand's log has them (command line section 3):
 * `LEVEL YYYY-MM-DD HH:MM:SS.uuuuuu [  main ] MESSAGE` with LF, local time. Only a log that shows DEBUG
 * lines has fractions of a second. Control characters in a message (names come from clients) are
 * written as `\xNN`, so that nobody can forge a line.
 */
export class LogLineFormat {
  readonly #fractions: boolean;
  #second = NaN;
  #text = "";

  constructor(fractions: boolean) {
    this.#fractions = fractions;
  }

  /** `now` is milliseconds since 1970. */
  line(level: LogLevel, message: string, now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = localTime(new Date(second * 1000));
    }
    const micros = this.#fractions ? `${padded(Math.floor(now - second * 1000), 3)}000` : "000000";
    return `${level.padStart(7)} ${this.#text}.${micros} [  main ] ${printable(message)}\n`;
  }
}

function localTime(date: Date): string {
  const day = [date.getFullYear(), padded(date.getMonth() + 1, 2), padded(date.getDate(), 2)];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${day.join("-")} ${time.map((part) => padded(part, 2)).join(":")}`;
}

function padded(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

/** The message with control characters and line separators made visible. */
export function printable(message: string): string {
  return message.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
