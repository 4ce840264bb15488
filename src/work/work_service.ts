import { Leash } from "./leash.ts";
import { ServedFunction } from "./served_function.ts";
import type { SharedParts } from "./served_function.ts";
import type { WorkSettings } from "./settings.ts";
import type { WorkLog } from "./work_log.ts";
import { WorkloadFiles } from "./workload_files.ts";

/** What `cogd work` does: the functions of a configuration, each with its programs. */
export class WorkService {
  readonly #parts: SharedParts;
  readonly #functions = new Map<string, ServedFunction>();
  /** Functions that were taken out of the configuration and still have jobs. */
  readonly #leaving = new Map<ServedFunction, Promise<void>>();
  #settings: WorkSettings;

  private constructor(settings: WorkSettings, parts: SharedParts) {
    this.#settings = settings;
    this.#parts = parts;
    for (const each of settings.functions) {
      this.#functions.set(each.name, new ServedFunction(each, settings, parts));
    }
  }

  /** Starts to work; connections come and go from then on. Rejects when the system refuses a shell. */
  static async start(
    settings: WorkSettings,
    parts: { readonly log: WorkLog; readonly idPrefix: string },
  ): Promise<WorkService> {
    const files = await WorkloadFiles.create();
    const leash = await Leash.start(files.folder, parts.log);
    return new WorkService(settings, { ...parts, files, leash });
  }

  get settings(): WorkSettings {
    return this.#settings;
  }

  /** Takes over a new configuration: what is the same goes on undisturbed. Answers what changed, in words. */
  reload(settings: WorkSettings): string {
    const before = new Map(this.#functions);
    this.#settings = settings;
    const changed: string[] = [];
    const added: string[] = [];
    for (const each of settings.functions) {
      const known = before.get(each.name);
      before.delete(each.name);
      if (known === undefined) {
        this.#functions.set(
          each.name,
          new ServedFunction(each, settings, this.#parts),
        );
        added.push(each.name);
      } else if (known.change(each, settings)) {
        changed.push(each.name);
      }
    }
    for (const [name, removed] of before) {
      this.#functions.delete(name);
      const gone = removed.stop(Infinity).finally(() => this.#leaving.delete(removed));
      this.#leaving.set(removed, gone);
    }
    return [
      ["changed", changed],
      ["added", added],
      ["removed", [...before.keys()]],
    ].filter(([, names]) => names!.length > 0)
      .map(([what, names]) => `${what}: ${(names as string[]).join(", ")}`).join("; ") ||
      "nothing changed";
  }

  /** Finishes what runs, for as long as the configuration grants; settles when no process is left. */
  async stop(): Promise<void> {
    const all = [...this.#functions.values(), ...this.#leaving.keys()];
    await Promise.all(all.map((each) => each.stop(this.#settings.stopGraceMs)));
    const { leash, files } = this.#parts;
    await leash.close();
    await files.close();
  }

  /** Kills everything at once. Only beside `stop`, which settles soon after. */
  kill(): void {
    for (const each of [...this.#functions.values(), ...this.#leaving.keys()]) void each.kill();
  }
}
