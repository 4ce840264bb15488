import { networkInterfaces } from "node:os";
import {
  type CogdFlavour,
  flavourMissing,
  programMissing,
  startCogd,
  startGearmand,
} from "../../support/mod.ts";
import { HANDLE_PREFIX } from "./marks.ts";
import { play, type Stage } from "./player.ts";
import { type Group, GROUPS } from "./scenarios/mod.ts";
import type { Scenario } from "./script.ts";

interface StartOptions {
  readonly args: readonly string[];
  readonly listen: string;
}

/** A server program that the scripts are played against. */
export interface Target {
  readonly name: string;
  readonly side: Stage["side"];
  /** Why it cannot be tested here, or false. */
  missing(): string | false;
  start(options: StartOptions): Promise<{ readonly port: number; kill9(): Promise<unknown> }>;
}

/** The real C gearmand. */
export const GEARMAND: Target = {
  name: "C gearmand",
  side: "gearmand",
  missing: () => programMissing("gearmand"),
  start: startGearmand,
};

export function cogdTarget(flavour: CogdFlavour): Target {
  return {
    name: `cogd (${flavour})`,
    side: "cogd",
    missing: () => flavourMissing(flavour),
    start: (options) => startCogd({ ...options, flavour }),
  };
}

/** Servers that are started and played at the same time. More would only wait for each other. */
const SERVERS_AT_ONCE = 4;

/**
 * Plays all scripts; answers one text for each that went otherwise than written. Servers end by
 * SIGKILL: after some scripts the reference doesn't end otherwise.
 */
export async function playAll(target: Target): Promise<string[]> {
  const stages = GROUPS.filter(canListen).flatMap((group) =>
    group.played === "apart"
      ? group.scenarios.map((scenario) => ({ group, scenarios: [scenario] }))
      : [{ group, scenarios: group.scenarios }]
  );
  const failures: string[] = [];
  const next = async (): Promise<void> => {
    for (let stage = stages.shift(); stage !== undefined; stage = stages.shift()) {
      failures.push(...await playOnOneServer(target, stage.group, stage.scenarios));
    }
  };
  await Promise.all(Array.from({ length: SERVERS_AT_ONCE }, next));
  return failures;
}

async function playOnOneServer(
  target: Target,
  group: Group,
  scenarios: readonly Scenario[],
): Promise<string[]> {
  const hostname = group.hostname ?? "127.0.0.1";
  const server = await target.start({
    args: [`--job-handle-prefix=${HANDLE_PREFIX}`, ...group.options ?? []],
    listen: hostname,
  });
  try {
    const stage = { side: target.side, port: server.port, hostname };
    const failures: string[] = [];
    const playOne = (scenario: Scenario, index: number) =>
      play(scenario, stage, index + 1).catch((error: Error) => {
        failures.push(`${scenario.name}: ${error.message}`);
      });
    if (group.played === "together") await Promise.all(scenarios.map(playOne));
    else for (const [index, scenario] of scenarios.entries()) await playOne(scenario, index);
    return failures;
  } finally {
    await server.kill9();
  }
}

/** Containers often have no IPv6. */
function canListen({ hostname }: Group): boolean {
  if (hostname === undefined) return true;
  const addresses = Object.values(networkInterfaces()).flatMap((own) => own ?? []);
  const can = addresses.some(({ address }) => address === hostname);
  if (!can) console.error(`note: scripts on ${hostname} are left out, this machine lacks it`);
  return can;
}
