/** The HTTP of C gearmand's plugin (`--protocol=http`). */
export { DIALECT_ROUTE } from "./dialect_route.ts";
