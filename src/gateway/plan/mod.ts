/** Operations that make, show and change schedules. */
export { createdSchedule } from "./schedule_calls.ts";
export { SCHEDULE_ROUTES } from "./schedule_routes.ts";
