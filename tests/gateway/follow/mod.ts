/** A server with its gateway, without sockets: for the tests of calls that follow jobs. */
export { FollowScene, RETAIN_MS, StreamReader } from "./follow_scene.ts";
