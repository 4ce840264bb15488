/** Variables that programs rightly expect: where programs and files are, and how the user reads. */
const USUAL = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/** For a process that was started without any. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The part of this process's environment that programs get: the usual variables and those named. */
export function childEnvironment(
  inherited: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const environment: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const name of [...USUAL, ...names]) {
    const value = inherited[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
