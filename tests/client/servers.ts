import { test } from "node:test";
import { programMissing, startCogd, startGearmand } from "../support/mod.ts";

/** A job server under test, whichever it is. */
export interface TestServer {
  readonly port: number;
  /** `127.0.0.1:PORT`, as the library names it. */
  readonly address: string;
  kill9(): Promise<unknown>;
}

export type ServerKind = "cogd" | "gearmand";

/** The library must work with both alike. */
export const SERVER_KINDS: readonly ServerKind[] = ["cogd", "gearmand"];

/** Starts a server, lets `use` work with it, and stops it. */
export async function withServer(
  kind: ServerKind,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const running = kind === "cogd"
    ? await startCogd({ args: ["--queue-type=memory"] })
    : await startGearmand();
  let killed = false;
  try {
    await use({
      port: running.port,
      address: `127.0.0.1:${running.port}`,
      kill9: () => {
        killed = true;
        return running.kill9();
      },
    });
  } finally {
    if (!killed) await running.stop();
  }
}

/** One test of this name for each kind of server. */
export function testOnBoth(name: string, run: (server: TestServer) => Promise<void>): void {
  for (const kind of SERVER_KINDS) {
    const skip = kind === "gearmand" ? programMissing("gearmand") : false;
    test(`${name} (${kind})`, { skip }, () => withServer(kind, run));
  }
}
