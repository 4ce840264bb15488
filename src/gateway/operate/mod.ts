/** Queues, workers, clients and the server itself: looking at them and changing them. */
import type { Route } from "../route.ts";
import { ADMIN_ROUTES } from "./admin_routes.ts";
import { CONNECTION_ROUTES } from "./connection_routes.ts";
import { REMOVAL_ROUTES } from "./queue_removal.ts";
import { QUEUE_ROUTES } from "./queue_routes.ts";
import { SERVER_ROUTES } from "./server_routes.ts";

export const OPERATE_ROUTES: readonly Route[] = [
  ...QUEUE_ROUTES,
  ...REMOVAL_ROUTES,
  ...CONNECTION_ROUTES,
  ...SERVER_ROUTES,
  ...ADMIN_ROUTES,
];
