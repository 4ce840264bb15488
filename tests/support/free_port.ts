import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Where the system does not say from which port on it chooses ports itself. */
const USUAL_FIRST_CHOSEN = 32_768;
const FIRST_PORT = 15_000;
/** Answered before in this process: its user may not listen yet, or be away for a moment. */
const given = new Set<number>();

/**
 * A port that was free a moment ago. For programs that cannot be asked to listen on port 0, and for servers
 * that are to come back on the port that they had. It lies below those that the system chooses from for
 * connections and for port 0: of these, one that is free for a moment may be another program's in the next.
 */
export async function freePort(hostname = "127.0.0.1"): Promise<number> {
  const end = firstChosenPort();
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (end - FIRST_PORT));
    if (given.has(port) || !await canListen(port, hostname)) continue;
    given.add(port);
    return port;
  }
}

/** The lowest port that the system gives to those who leave the choice to it. */
function firstChosenPort(): number {
  try {
    const first = Number(
      readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s/)[0],
    );
    return first >= FIRST_PORT + 1000 ? first : USUAL_FIRST_CHOSEN;
  } catch {
    return USUAL_FIRST_CHOSEN;
  }
}

async function canListen(port: number, hostname: string): Promise<boolean> {
  const server = createServer();
  try {
    const listening = once(server, "listening");
    server.listen(port, hostname);
    await listening;
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    return false;
  }
  const closed = once(server, "close");
  server.close();
  await closed;
  return true;
}
