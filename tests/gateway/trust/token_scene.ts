import {
  changeTokenFile,
  type TokenEntry,
  tokenHash,
  Tokens,
  Trust,
} from "../../../src/gateway/trust/mod.ts";
import { FakeClock } from "../../server/mod.ts";

export function entry(name: string, token: string, more: Partial<TokenEntry> = {}): TokenEntry {
  return {
    name,
    sha256: [...tokenHash(token)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    roles: ["submit"],
    functions: ["*"],
    created: "2026-01-01T00:00:00Z",
    expires: null,
    ...more,
  };
}

/** Tokens of a file under a clock that the test turns. */
export class TokenScene {
  readonly path: string;
  readonly lines: string[] = [];
  readonly clock: FakeClock;

  /** It is the last day of January 2026 unless a clock is given. */
  constructor(folder: string, clock?: FakeClock) {
    this.path = `${folder}/tokens`;
    this.clock = clock ?? new FakeClock();
    this.clock.pass(Date.parse("2026-01-31T00:00:00Z") - this.clock.now());
  }

  write(...entries: readonly TokenEntry[]): void {
    changeTokenFile(this.path, () => entries);
  }

  open(): Tokens {
    const { now, later } = this.clock;
    return new Tokens(this.path, {
      now,
      later,
      log: (level, text) => this.lines.push(`${level} ${text}`),
    });
  }

  trust(): Trust {
    return new Trust({ tokens: this.open(), hostNames: null });
  }
}
