import { runtimeName } from "./runtime_name.ts";

/** Whether `clientAuthority` can be used: no socket of Deno's asks its peer for a certificate. */
export const checksClientCertificates: boolean = runtimeName === "bun";
