/** Wire scripts, and the servers to play them against. */
export { cogdTarget, GEARMAND, playAll, type Target } from "./targets.ts";
