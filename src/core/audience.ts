/**
 * Who waits for a job. Each foreground submission is one attachment: a connection that submitted the
 * same unique ID twice gets every packet twice (protocol section 6).
 */

import type { Packet } from "../protocol/mod.ts";
import type { Client } from "./client.ts";
import type { Job } from "./job.ts";

export function attach(job: Job, client: Client): void {
  if (job.audience === null) job.audience = client;
  else if (Array.isArray(job.audience)) job.audience.push(client);
  else job.audience = [job.audience, client];
  client.waitingFor.add(job);
}

/** Ends all attachments of a client that is gone. */
export function detach(job: Job, client: Client): void {
  client.waitingFor.delete(job);
  if (job.audience === client) {
    job.audience = null;
  } else if (Array.isArray(job.audience)) {
    const rest = job.audience.filter((other) => other !== client);
    job.audience = rest.length === 0 ? null : rest;
  }
}

export function audienceSize(job: Job): number {
  if (job.audience === null) return 0;
  return Array.isArray(job.audience) ? job.audience.length : 1;
}

/** Passes a worker's packet on to everybody who waits. */
export function deliver(job: Job, packet: Packet): void {
  const audience = job.audience;
  if (audience === null) return;
  if (!Array.isArray(audience)) audience.port.workPacket(job, packet);
  else for (const client of audience) client.port.workPacket(job, packet);
}

/** WORK_EXCEPTION for those who asked for exceptions, WORK_FAIL for the others. */
export function deliverException(job: Job, packet: Packet): void {
  forEach(job, (client) => {
    if (client.wantsExceptions) client.port.workPacket(job, packet);
    else client.port.workFailed(job);
  });
}

/** WORK_FAIL that no worker sent. */
export function deliverFailure(job: Job): void {
  forEach(job, (client) => client.port.workFailed(job));
}

/** Everybody stops waiting: the job has ended for them. */
export function dismiss(job: Job): void {
  const audience = job.audience;
  if (audience === null) return;
  job.audience = null;
  if (!Array.isArray(audience)) audience.waitingFor.delete(job);
  else for (const client of audience) client.waitingFor.delete(job);
}

function forEach(job: Job, visit: (client: Client) => void): void {
  const audience = job.audience;
  if (audience === null) return;
  if (!Array.isArray(audience)) visit(audience);
  else audience.forEach(visit);
}
