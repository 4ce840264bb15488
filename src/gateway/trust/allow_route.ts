import type { ByteString } from "../../protocol/mod.ts";
import type { Route } from "../route.ts";
import type { Identity } from "./identity.ts";

/** The check of roles, the same for every route. Throws `unauthorized` or `forbidden`. */
export function allowRoute(
  route: Route,
  identity: Identity,
  path: () => ReadonlyMap<string, ByteString>,
): void {
  const { role, orRole, functionIn, everyFunction } = route;
  if (role === "none") return;
  if (orRole !== undefined && identity.allows(orRole, functionIn && path().get(functionIn))) return;
  if (functionIn !== undefined) identity.require(role, path().get(functionIn)!);
  else if (everyFunction === true || role === "admin") identity.requireAll(role);
  else identity.require(role);
}
