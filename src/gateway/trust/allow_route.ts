import type { ByteString } from "../../protocol/mod.ts";
import type { Role } from "../role.ts";
import type { Identity } from "./identity.ts";

/** What a route says of who may use it: see `Route`. */
export interface Guard {
  readonly role: Role | "none";
  readonly orRole?: Role;
  readonly functionIn?: string;
  readonly everyFunction?: boolean;
}

/** The check of roles, the same for every route. Throws `unauthorized` or `forbidden`. */
export function allowRoute(
  guard: Guard,
  identity: Identity,
  path: () => ReadonlyMap<string, ByteString>,
): void {
  const { role, orRole, functionIn, everyFunction } = guard;
  if (role === "none") return;
  if (orRole !== undefined && identity.allows(orRole, functionIn && path().get(functionIn))) return;
  if (functionIn !== undefined) identity.require(role, path().get(functionIn)!);
  else if (everyFunction === true || role === "admin") identity.requireAll(role);
  else identity.require(role);
}
