/** A store that cannot be opened, and says whether it could start a program (on Deno). */
export const plugin = {
  name: "spawning",
  aliases: [],
  options: [],
  open() {
    try {
      new Deno.Command("true").outputSync();
    } catch (error) {
      throw new Error(`starting a program: ${error.name}`);
    }
    throw new Error("starting a program: done");
  },
};
