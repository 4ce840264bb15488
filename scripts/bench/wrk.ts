import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../tests/support/mod.ts";
import { installPackages } from "../toolchain_debian.ts";
import { startChild } from "./children.ts";
import { dataFolder } from "./data_folder.ts";
import { type Cores, onCore } from "./cores.ts";

/** One request that wrk repeats as fast as it is answered. */
export interface Request {
  readonly method: "GET" | "POST";
  /** With the address: `http://127.0.0.1:8080/info`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
  /** A header that is different in each request, also of later runs. */
  readonly countedHeader?: string;
}

export interface WrkOptions {
  readonly connections: number;
  readonly ms: number;
  readonly cores: Cores;
}

export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What wrk prints at the end: its figures as JSON, after all else. Microseconds. */
const REPORT = `
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"us":%d,"p50":%d,"p99":%d,"failed":%d,"refused":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
`;

/** Runs wrk on the load generator's core. Rejects when requests were refused or broke. */
export async function runWrk(request: Request, options: WrkOptions): Promise<WrkResult> {
  installed ??= installWrk();
  await installed;
  const { connections, ms, cores } = options;
  await using folder = await dataFolder("/tmp");
  const script = join(folder.path, "request.lua");
  await writeFile(script, scriptOf(request));
  // It takes whole seconds only.
  const seconds = Math.max(1, Math.round(ms / 1000));
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=10s", "-s", script];
  const child = await startChild(
    onCore(cores.generator, { command: "wrk", args: [...args, request.url] }),
  );
  try {
    const { code } = await child.exited;
    const line = child.stdout.trim().split("\n").at(-1) ?? "";
    if (code !== 0 || !line.startsWith("{")) throw new Error(`wrk: ${child.stderr.trim() || line}`);
    const { requests, us, p50, p99, failed, refused } = JSON.parse(line) as Record<
      "requests" | "us" | "p50" | "p99" | "failed" | "refused",
      number
    >;
    if (failed + refused > 0) {
      throw new Error(`of ${requests} requests ${refused} were refused and ${failed} broke`);
    }
    return { requests, seconds: us / 1e6, p50: p50 / 1000, p99: p99 / 1000 };
  } finally {
    await child.kill9();
  }
}

let installed: Promise<void> | undefined;

async function installWrk(): Promise<void> {
  const { code } = await runProgram("sh", ["-c", "command -v wrk"]);
  if (code !== 0) await installPackages(["wrk"], ["wrk"]);
}

function scriptOf({ method, headers = {}, bodyBytes, countedHeader }: Request): string {
  return [
    `wrk.method = "${method}"`,
    ...(bodyBytes === undefined ? [] : [`wrk.body = string.rep("x", ${bodyBytes})`]),
    ...Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
    ...(countedHeader === undefined ? [] : [
      "local count = 0",
      "request = function()",
      "  count = count + 1",
      `  wrk.headers["${countedHeader}"] = "${crypto.randomUUID()}-" .. count`,
      "  return wrk.format()",
      "end",
    ]),
    REPORT,
  ].join("\n");
}
