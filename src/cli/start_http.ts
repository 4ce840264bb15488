import type { RunningGateway } from "../gateway/mod.ts";
import { ListenError } from "../runtime/mod.ts";
import type { RunningServer } from "../server/mod.ts";
import type { ServeConfig } from "./config.ts";
import type { StartParts } from "./serve_parts.ts";

/** How long running responses may take when the server stops, milliseconds; calls that wait end at once. */
export const HTTP_GRACE_MS = 2_000;

/**
 * Opens HTTP on top of a running server; undefined when it was not asked for, or when nobody chose the address
 * and it is taken. The gateway is loaded only now: it would double the time of a start without it.
 */
export async function startHttp(
  config: ServeConfig,
  server: RunningServer,
  { httpListenOn, httpListen, tls, log, requestStop }: StartParts,
): Promise<RunningGateway | undefined> {
  const { http, backlog } = config;
  if (http === undefined) return undefined;
  const { startGateway } = await import("../gateway/mod.ts");
  const { tokensFile, hostNames, insecure } = http;
  try {
    return await startGateway(http.gateway, {
      listenOn: httpListenOn,
      backlog,
      tokensFile,
      hostNames,
      anyHost: tokensFile !== undefined || insecure,
    }, {
      server,
      listen: httpListen,
      security: tls,
      log: (level, text) => log.log(level, text),
      logs: (level) => log.enabled(level),
      shutdown: requestStop,
    });
  } catch (error) {
    if (http.wanted || !(error instanceof ListenError)) throw error;
    log.log(
      "WARNING",
      `${error.message}; serving without HTTP: choose another port with --http-port, or --no-http`,
    );
    return undefined;
  }
}
