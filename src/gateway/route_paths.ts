import type { Route } from "./route.ts";

/** `/jobs/{name}/result` as hono writes it. */
export function routerPath(template: string): string {
  return template.replace(/\{(\w+)\}/g, ":$1");
}

/** Whether a path, as it was sent, is one of the template. */
export function matches(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  return wanted.length === given.length &&
    wanted.every((segment, at) =>
      segment.startsWith("{") ? given[at] !== "" : segment === given[at]
    );
}

/** Order in which routes are tried: `/jobs/actions` before `/jobs/{name}`, its place in the table otherwise. */
export function moreExactFirst(a: Route, b: Route): number {
  return parameterPlaces(a) < parameterPlaces(b)
    ? -1
    : parameterPlaces(a) > parameterPlaces(b)
    ? 1
    : 0;
}

/** Which segments are parameters: `0` and `1`, comparable as text. */
function parameterPlaces({ path }: Route): string {
  return path.split("/").map((segment) => segment.startsWith("{") ? "1" : "0").join("");
}

/** Operations that need the jobs, and so wait until the store's are taken up. */
export const NEEDS_JOBS: ReadonlySet<Route["tag"]> = new Set([
  "Jobs",
  "Queues",
  "Schedules",
  "Workers",
]);
