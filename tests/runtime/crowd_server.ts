/**
 * A server in a process of its own, for tests of limits: it echoes, and says on stderr what
 * happens. A line `report` from any peer makes it print its connections, memory and CPU time.
 */
import process from "node:process";
import { listen } from "../../src/runtime/mod.ts";

function say(what: string, values: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(`${what} ${JSON.stringify(values)}\n`);
}

function report(): void {
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  say("report", { open, rss, cpuMs: (user + system) / 1000 });
}

let open = 0;
const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  backlog: 4096,
  keepAlive: { enabled: true },
}, {
  connection(connection) {
    open++;
    return {
      data(bytes) {
        if (new TextDecoder().decode(bytes) === "report") report();
        connection.write(bytes.slice());
      },
      drained() {},
      ended: () => connection.end(),
      closed: () => void open--,
    };
  },
  acceptFailed: (cause) => say("acceptFailed", { cause: String(cause) }),
  acceptResumed: () => say("acceptResumed"),
});
say("listening", { port: listener.address.port });
