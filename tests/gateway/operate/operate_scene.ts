import { startFixture } from "../../server/mod.ts";
import type { Answer } from "../asking.ts";
import { type GatewayOptions, GatewayScene } from "../gateway_scene.ts";

/** A server and its gateway, for those who operate and measure it: all is counted. */
export class OperateScene extends GatewayScene {
  static async start(options: GatewayOptions = {}): Promise<OperateScene> {
    const scene = new OperateScene(await startFixture(options), options);
    scene.figures.start();
    return scene;
  }

  /** A change of a policy. */
  async patch(name: string, patch: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(`PATCH /queues/${name}`, {
      headers: { "content-type": "application/merge-patch+json", ...headers },
      body: JSON.stringify(patch),
    });
  }
}
