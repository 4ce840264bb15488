/** What other tests share with those of `cogd work`. */
export { LONG_MS, POOL_WORKER, until, zombiesOf } from "./scene.ts";
export { programsOf, startWork, survivors } from "./work_process.ts";
