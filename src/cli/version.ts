/** The version of cogd. deno.json says the same. */
export const VERSION = "0.1.0";

/** What `--version` prints: gearmand's form, an empty line in front. */
export function versionText(): string {
  return `\ncogd ${VERSION} - a Gearman job server in the place of gearmand\n`;
}
