import { decodeUrlPart, StoreError, type StoreUrl, valuesOfUrl } from "../../src/plugin_api/mod.ts";
import { FILE, TABLE } from "./settings.ts";

/** `sqlite:///FOLDER/FILE`, `sqlite:FILE`; `sqlite:` alone is the file in the data folder. */
export const SQLITE_URL: StoreUrl = {
  schemes: ["sqlite"],
  form: "sqlite:///PATH",
  replaces: [FILE],
  values(url) {
    const values = valuesOfUrl(url.slice(url.indexOf(":") + 1), FILE, { table: TABLE });
    const file = pathOf(values.get(FILE) ?? "");
    if (file === "") values.delete(FILE);
    else values.set(FILE, file);
    return values;
  },
};

/** What stands behind the scheme as the path of a file. */
function pathOf(text: string): string {
  if (/[?#]/.test(text)) {
    throw refused("the only parameter is ?table=NAME; write %3F for a question mark, %23 for #");
  }
  if (!text.startsWith("//")) return decodeUrlPart(text);
  if (text.startsWith("///")) return decodeUrlPart(text.slice(2));
  throw refused("a file has no host: write three slashes, sqlite:///PATH, or sqlite:PATH");
}

function refused(why: string): StoreError {
  return new StoreError("INVALID_OPTION", `Cannot use --queue: ${why}`);
}
