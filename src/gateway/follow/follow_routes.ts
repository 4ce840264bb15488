import type { Route } from "../route.ts";
import { CANCEL_ROUTE } from "./cancel_route.ts";
import { EVENTS_ROUTE } from "./events_route.ts";
import { EXPLAIN_ROUTE } from "./explain_route.ts";
import { LIST_ROUTE, UNIQUE_ROUTE } from "./list_routes.ts";
import { PAYLOAD_ROUTE, RESULT_ROUTE, STATUS_ROUTE } from "./status_routes.ts";

export const FOLLOW_ROUTES: readonly Route[] = [
  LIST_ROUTE,
  STATUS_ROUTE,
  CANCEL_ROUTE,
  RESULT_ROUTE,
  PAYLOAD_ROUTE,
  EVENTS_ROUTE,
  EXPLAIN_ROUTE,
  UNIQUE_ROUTE,
];
