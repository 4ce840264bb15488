/**
 * Every version of the toolchain. The README's commands and .ci/run name the Deno version too,
 * because they run before this file can be read; a test compares them with it.
 */
export const PINS = {
  /** Runs, checks, formats and tests the project. */
  deno: "2.9.6",
  /** The second runtime. */
  bun: "1.4.5",
  /** Compiles when Deno's own base runtime cannot be downloaded; see compile_base.ts. */
  olderDeno: "2.6.8",
} as const;

/** npm packages that hold the bare executables; they need no install script. */
const DENO_PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "@deno/linux-x64-glibc",
  "linux-arm64": "@deno/linux-arm64-glibc",
  "darwin-x64": "@deno/darwin-x64",
  "darwin-arm64": "@deno/darwin-arm64",
};

const BUN_PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-arm64": "@oven/bun-linux-aarch64",
  "darwin-x64": "@oven/bun-darwin-x64",
  "darwin-arm64": "@oven/bun-darwin-aarch64",
};

/** One file out of one npm package. */
export interface PackagedFile {
  readonly packageName: string;
  readonly version: string;
  /** Path inside the package. */
  readonly file: string;
}

export function denoPackage(platform: string, version: string): PackagedFile {
  return { packageName: forPlatform(DENO_PACKAGES, platform, "Deno"), version, file: "deno" };
}

export function bunPackage(platform: string): PackagedFile {
  return {
    packageName: forPlatform(BUN_PACKAGES, platform, "Bun"),
    version: PINS.bun,
    file: "bin/bun",
  };
}

function forPlatform(
  packages: Readonly<Record<string, string>>,
  platform: string,
  what: string,
): string {
  const name = packages[platform];
  if (name === undefined) {
    throw new Error(
      `Cannot install ${what} for ${platform}: known are ${Object.keys(packages).join(", ")}`,
    );
  }
  return name;
}
