/** What many scripts begin with. */

import type { PacketTypeName } from "../../../../src/protocol/mod.ts";
import { handle } from "../marks.ts";
import {
  ask,
  NO_JOB,
  NOOP,
  type Peer,
  receive,
  req,
  res,
  send,
  silent,
  type Step,
  steps,
} from "../script.ts";

/** A worker that registered these functions in this order. */
export function worker(who: Peer, ...functions: readonly string[]): Step {
  return steps(send(who, ...functions.map((name) => req("CAN_DO", name))), silent(who));
}

/** A worker that registered these functions, found no job, and sleeps. */
export function sleeper(who: Peer, ...functions: readonly string[]): Step {
  return steps(
    send(
      who,
      ...functions.map((name) => req("CAN_DO", name)),
      req("GRAB_JOB_ALL"),
      req("PRE_SLEEP"),
    ),
    receive(who, NO_JOB),
    silent(who),
  );
}

type SubmitType = Extract<
  PacketTypeName,
  | "SUBMIT_JOB"
  | "SUBMIT_JOB_BG"
  | "SUBMIT_JOB_HIGH"
  | "SUBMIT_JOB_HIGH_BG"
  | "SUBMIT_JOB_LOW"
  | "SUBMIT_JOB_LOW_BG"
>;

/** A submission that is answered with the handle of the `number`-th job. */
export function submit(
  who: Peer,
  type: SubmitType,
  name: string,
  number: number,
  { unique = "", data = "" } = {},
): Step {
  return ask(who, req(type, name, unique, data), res("JOB_CREATED", handle(number)));
}

/** The worker asks and is given the `number`-th job. */
export function grab(who: Peer, number: number, name: string, data = ""): Step {
  return ask(who, req("GRAB_JOB"), res("JOB_ASSIGN", handle(number), name, data));
}

/** The worker asks in vain. */
export function grabNothing(who: Peer): Step {
  return ask(who, req("GRAB_JOB"), NO_JOB);
}

/** The worker sleeps, and there is no job for it. */
export function sleep(who: Peer): Step {
  return steps(send(who, req("PRE_SLEEP")), silent(who));
}

export function woken(...who: readonly Peer[]): Step {
  return steps(...who.map((peer) => receive(peer, NOOP)));
}

/** The worker reports the `number`-th job done, and every client is told. */
export function complete(
  who: Peer,
  number: number,
  data: string,
  ...clients: readonly Peer[]
): Step {
  const packet = ["WORK_COMPLETE", handle(number), data] as const;
  return steps(
    send(who, req(...packet)),
    ...clients.map((client) => receive(client, res(...packet))),
    silent(who),
  );
}

/** The status of the `number`-th job is so. */
export function status(
  who: Peer,
  number: number,
  state: readonly [known: 0 | 1, running: 0 | 1, numerator: number, denominator: number],
): Step {
  return ask(
    who,
    req("GET_STATUS", handle(number)),
    res(
      "STATUS_RES",
      handle(number),
      `${state[0]}`,
      `${state[1]}`,
      `${state[2]}`,
      `${state[3]}`,
    ),
  );
}

export const UNKNOWN = [0, 0, 0, 0] as const;
export const QUEUED = [1, 0, 0, 0] as const;
export const RUNNING = [1, 1, 0, 0] as const;
