import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port that was free a moment ago. For programs that cannot be asked to listen on port 0; another
 * process may take it meanwhile, so whoever uses it must cope with "address in use".
 */
export async function freePort(hostname = "127.0.0.1"): Promise<number> {
  const server = createServer();
  server.listen(0, hostname);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error(`Cannot find a free port on ${hostname}: the socket has no address`);
  }
  return address.port;
}
