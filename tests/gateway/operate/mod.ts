/** A server with its gateway, without sockets: for the tests of what operates and measures it. */
export { OperateScene } from "./operate_scene.ts";
