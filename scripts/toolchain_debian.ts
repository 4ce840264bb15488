import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  PROGRAM_NAMES,
  programAvailable,
  type ProgramName,
  type ProgramResult,
  runProgram,
} from "../tests/support/mod.ts";

/** Debian's package of each program that tests use. */
const PACKAGES: Readonly<Record<ProgramName, readonly string[]>> = {
  gearmand: ["gearman-job-server"],
  gearman: ["gearman-tools"],
  gearadmin: ["gearman-tools"],
  php: ["php-cli", "php-gearman"],
  perl: ["libgearman-client-perl"],
  sqlite3: ["sqlite3"],
  curl: ["curl"],
  zsh: ["zsh"],
  fish: ["fish"],
  "systemd-analyze": ["systemd"],
  postgres: ["postgresql"],
  mariadbd: ["mariadb-server"],
  openssl: ["openssl"],
  "redis-server": ["redis-server", "redis-tools"],
};

/** Debian's switch that keeps packages from starting their services when they are installed. */
const POLICY = "/usr/sbin/policy-rc.d";
/** Where Debian's postgresql looks for what to do when it is installed. */
const CLUSTER_FOLDER = "/etc/postgresql-common/createcluster.d";
const APT_LIMIT_MS = 15 * 60_000;
/** Another apt-get may be at work on a machine that has just started, and mirrors may be busy. */
const PATIENT = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=5"] as const;
const APT_ENVIRONMENT = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };

/**
 * Installs the programs of other makers that tests need, as far as this machine allows it: with
 * apt-get, as root. What stays missing is printed, and the tests that need it are skipped.
 */
export function installTestPrograms(): Promise<void> {
  tried ??= installMissing();
  return tried;
}

let tried: Promise<void> | undefined;

async function installMissing(): Promise<void> {
  const missing = PROGRAM_NAMES.filter((name) => !programAvailable(name));
  if (missing.length === 0) return;
  await installPackages(missing, [...new Set(missing.flatMap((name) => PACKAGES[name]))]);
}

/** Installs these packages for those programs, or prints what is missing. */
export async function installPackages(
  programs: readonly string[],
  packages: readonly string[],
): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    console.log(
      `Not installed: ${programs.join(", ")}. On Debian: apt-get install ${packages.join(" ")}`,
    );
    return;
  }
  console.log(`Installing ${packages.join(" ")} with apt-get`);
  const failed = await withoutStartingServices(() =>
    withoutCluster(async () => {
      const update = await apt("update");
      return update.code === 0
        ? await apt("install", "--no-install-recommends", ...packages)
        : update;
    })
  );
  if (failed.code !== 0) console.log(`apt-get failed:\n${failed.output}`);
}

function apt(...args: readonly string[]): Promise<ProgramResult> {
  return runProgram("apt-get", ["-y", "-q", ...PATIENT, ...args], {
    env: APT_ENVIRONMENT,
    timeoutMs: APT_LIMIT_MS,
  });
}

/** Debian would start gearmand and databases on their usual ports. A machine's own policy is left alone. */
async function withoutStartingServices<T>(action: () => Promise<T>): Promise<T> {
  if (existsSync(POLICY)) return await action();
  await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await action();
  } finally {
    await rm(POLICY, { force: true });
  }
}

/** Debian's postgresql would make a database cluster for the whole machine. */
async function withoutCluster<T>(action: () => Promise<T>): Promise<T> {
  const file = join(CLUSTER_FOLDER, "cogd-tests.conf");
  await mkdir(CLUSTER_FOLDER, { recursive: true });
  await writeFile(file, "create_main_cluster = false\n");
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}
