import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import { CliError } from "../../src/cli/cli_error.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import type { OptionValues } from "../../src/cli/option_values.ts";
import { programMissing, runProgram, temporaryFolder } from "../support/mod.ts";

const PLUGINS = [memoryPlugin, sqlitePlugin];

function read(...words: string[]): OptionValues {
  return readCommandLine(words, PLUGINS, []);
}

/** The error's text without the suggestion, or "" when the words are fine. */
function complaint(words: readonly string[]): string {
  try {
    readCommandLine(words, PLUGINS, []);
    return "";
  } catch (error) {
    assert.ok(error instanceof CliError);
    return error.message.replace(/ \((?:did you mean|nor a command|there are)\b.*\)$/, "");
  }
}

test("an option's value may stand behind =, in the next word, or against a letter", () => {
  for (
    const words of [["--port=5"], ["--port", "5"], ["-p5"], ["-p", "5"], ["-Rp5"], ["-Rp", "5"]]
  ) {
    assert.equal(read(...words).text("port"), "5", words.join(" "));
  }
  assert.equal(read("-p=5").text("port"), "=5");
  assert.equal(read("-p", "-5").text("port"), "-5");
  assert.equal(read("--listen", "--check-args").text("listen"), "--check-args");
  assert.equal(read("--log-file", "--").text("log-file"), "--");
});

test("short switches may share a word", () => {
  const values = read("-dRV");
  assert.deepEqual(
    ["daemon", "round-robin", "version", "help"].map((name) => values.isGiven(name)),
    [
      true,
      true,
      true,
      false,
    ],
  );
});

test("defaults are those of the table, and --listen may be repeated", () => {
  const values = read("--listen=a", "-L", "b", "-Lc");
  assert.deepEqual(values.texts("listen"), ["a", "b", "c"]);
  assert.equal(values.text("port"), "4730");
  assert.equal(values.isGiven("port"), false);
  assert.equal(values.number("backlog"), 1024n);
  assert.equal(values.number("job-retries"), -1n);
  assert.equal(values.number("worker-wakeup"), undefined);
});

test("numbers keep gearmand's ranges and wrap where its types have no sign", () => {
  assert.equal(read("-b", "-2147483648").number("backlog"), -2147483648n);
  assert.equal(read("-b", "+007").number("backlog"), 7n);
  assert.equal(read("-t", "-1").number("threads"), 4294967295n);
  assert.equal(read("-f", "-1").number("file-descriptors"), 18446744073709551615n);
  assert.equal(read("--max-packet", "64K").number("max-packet"), 65536n);
  assert.equal(read("--send-buffer", "1g").number("send-buffer"), 1073741824n);
  for (const wrong of ["", "K", "1.5M", "-1", "9007199254740992", "9999999999G"]) {
    assert.match(complaint(["--max-packet", wrong]), /^the argument.* for option '--max-packet'/);
  }
});

/** Words and gearmand's answer to them, without `gearmand: `; nothing where it accepts them. */
const ANSWERS: readonly (readonly [readonly string[], string])[] = [
  [["--x"], "unrecognised option '--x'"],
  [["--prot", "1"], "unrecognised option '--prot'"],
  [["--prot=1"], "unrecognised option '--prot=1'"],
  [["--Port", "1"], "unrecognised option '--Port'"],
  [["-x"], "unrecognised option '-x'"],
  [["-v"], "unrecognised option '-v'"],
  [["-vvv"], "unrecognised option '-vvv'"],
  [["-Rxy"], "unrecognised option '-Rxy'"],
  [["-R-"], "unrecognised option '-R-'"],
  [["-R-x"], "unrecognised option '-R-x'"],
  [["-R=1"], "unrecognised option '-R=1'"],
  [["foo"], "unrecognised option 'foo'"],
  [["-"], "unrecognised option '-'"],
  [[""], "unrecognised option"],
  [["---"], "unrecognised option '---'"],
  [["--=x"], "unrecognised option '--=x'"],
  [["--", "-R"], "unrecognised option '-R'"],
  [["--port", "--", "5"], "unrecognised option '5'"],
  [["--port"], "the required argument for option '--port' is missing"],
  [["-Rp"], "the required argument for option '--port' is missing"],
  [["-p", "-R"], "the required argument for option '--port' is missing"],
  [["--port", "--listen"], ""],
  [["--port="], "the argument for option '--port' should follow immediately after the equal sign"],
  [
    ["--redis-server", "--backlog="],
    "the argument for option '--redis-server' should follow " +
    "immediately after the equal sign",
  ],
  [["--port", ""], ""],
  [["--round-robin=false"], "option '--round-robin' does not take any arguments"],
  [
    ["--round-robin="],
    "the argument for option '--round-robin' should follow immediately after " +
    "the equal sign",
  ],
  [["--help=1"], "option '--help' does not take any arguments"],
  [["--port=1", "-p2"], "option '--port' cannot be specified more than once"],
  [["-RR"], "option '--round-robin' cannot be specified more than once"],
  [["--port=1", "--port=2", "--x"], "unrecognised option '--x'"],
  [["-j", "abc"], "the argument ('abc') for option '--job-retries' is invalid"],
  [["-j=5"], "the argument ('=5') for option '--job-retries' is invalid"],
  [["-j", ""], "the argument for option '--job-retries' is invalid"],
  [["-j", "abc", "foo"], "the argument ('abc') for option '--job-retries' is invalid"],
  [["foo", "-j", "abc"], "unrecognised option 'foo'"],
  [["-j", "5 "], "the argument ('5 ') for option '--job-retries' is invalid"],
  [["-b", "2147483648"], "the argument ('2147483648') for option '--backlog' is invalid"],
  [["-t", "4294967296"], "the argument ('4294967296') for option '--threads' is invalid"],
  [["-t", "-4294967295"], ""],
  [["-w", "1.5"], "the argument ('1.5') for option '--worker-wakeup' is invalid"],
  [["--verbose", "info"], "Invalid value for --verbose supplied"],
  [["--verbose", "foo", "--hashtable-buckets", "0"], "Invalid value for --verbose supplied"],
  [["--verbose", "foo", "-j", "abc"], "the argument ('abc') for option '--job-retries' is invalid"],
  [["--verbose", "ALERT"], ""],
  [["--hashtable-buckets", "0"], "hashtable-buckets has to be greater than 0"],
  [["--config-file", "/nonexistent"], "Could not open configuration file."],
  [["--config-file", "/nonexistent", "--verbose", "foo"], "Could not open configuration file."],
  [
    ["--config-file="],
    "the argument for option '--config-file' should follow immediately after " +
    "the equal sign",
  ],
  [["-q", "nosuch", "-r", "nosuch", "-u", "nosuch", "-p", "nosuch", "--ssl"], ""],
  [["-dP", "x", "-l", "none", "--syslog", "--coredump", "--exceptions", "--keepalive"], ""],
  [
    ["--keepalive-idle=-1", "--keepalive-interval", "5", "--keepalive-count", "abc"],
    "the " +
    "argument ('abc') for option '--keepalive-count' is invalid",
  ],
  [["--store-queue-on-shutdown", "--libsqlite3-db", "a", "--libsqlite3-table=b"], ""],
  [["--mysql-host=a", "--mysql-port=65535", "--mysql-user=c", "--mysql-password=d"], ""],
  [["--mysql-port=65536"], "the argument ('65536') for option '--mysql-port' is invalid"],
  [["--mysql-db=a", "--mysql-table=b", "--libpq-conninfo=c", "--libpq-table=d"], ""],
  [["--redis-server=a", "--redis-port=b", "--redis-password=c", "--redis-prefix=d"], ""],
  [["--libmemcached-servers=a", "--libmemcached-prefix=b"], ""],
  [["--ssl-ca-file=a", "--ssl-certificate=b", "--ssl-key=c", "--http-port=80"], ""],
  [["--check-args", "--check-args"], "option '--check-args' cannot be specified more than once"],
];

test("wrong words are refused with gearmand's texts, and told what there is", () => {
  const told = (...words: string[]) => () => readCommandLine(words, PLUGINS, []);
  assert.throws(told("serv"), /'serv' \(nor a command: cogd --help lists both\)$/);
  assert.throws(told("--verbose", "info"), /supplied \(there are FATAL, .*, DEBUG\)$/);
  for (const [words, answer] of ANSWERS) assert.equal(complaint(words), answer, words.join(" "));
});

test("gearmand itself gives the same answers", { skip: programMissing("gearmand") }, async () => {
  for (const [words, answer] of ANSWERS) {
    const once = words.includes("--check-args") ? [] : ["--check-args"];
    assert.equal(await gearmandsComplaint([...once, ...words]), answer, words.join(" "));
  }
});

/** What gearmand says to `--check-args` and these words. */
async function gearmandsComplaint(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram("gearmand", words, {
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  assert.equal(stdout, "");
  assert.equal(code, stderr === "" ? 0 : 1);
  return stderr.replace(/^\S*gearmand: |\n$/g, "");
}

test("options of gearmand's that it lacks in some builds are accepted, too", () => {
  read("--libdrizzle-host=a", "--libdrizzle-mysql", "--libtokyocabinet-file=b");
  assert.match(complaint(["-j", "256"]), /^job-retries must be -1 \(no limit\), 0/);
  assert.match(complaint(["-j", "-2"]), /^job-retries must be -1/);
  assert.match(complaint(["--max-packet", "0"]), /^max-packet has to be greater than 0/);
});

test("a mistyped option is answered with the nearest right one", () => {
  const hints = [
    ["--prot", "--port"],
    ["--prot=4731", "--port"],
    ["-vv", "--verbose"],
    ["--verb", "--verbose"],
    ["--lisen", "--listen"],
    ["--deamon", "--daemon"],
    ["--pidfile", "--pid-file"],
    ["--no-round-robin", "--round-robin"],
    ["--libsqlite-db", "--libsqlite3-db"],
    ["port=4731", "--port"],
    ["-D", "-d"],
  ] as const;
  for (const [word, option] of hints) {
    assert.throws(() => read(word), {
      code: "UNKNOWN_OPTION",
      message: `unrecognised option '${word}' (did you mean '${option}'?)`,
    });
  }
  for (const word of ["--x", "5", "-Y", "-"]) {
    assert.throws(() => read(word), { message: `unrecognised option '${word}'` });
  }
});

test("the value of a mistyped password is not repeated", () => {
  for (
    const word of ["--mysql-pasword=s3cret", "--libpq-coninfo=s3cret", "--redis-passwd=s3cret"]
  ) {
    assert.throws(() => read(word), (error: Error) => !error.message.includes("s3cret"));
  }
});

/** Text of a configuration file, words of the command line beside it, and gearmand's answer. */
const FILES: readonly (readonly [string, readonly string[], string])[] = [
  ["--port=4731\n--listen=127.0.0.1 --verbose INFO\n", [], ""],
  ["--port=1 --port=2", [], "option '--port' cannot be specified more than once"],
  ["--port=1 --port=2", ["--port=3"], ""],
  ["--job-retries=abc", [], "the argument ('abc') for option '--job-retries' is invalid"],
  ["--job-retries=abc", ["-j3"], ""],
  ["--verbose foo", [], "Invalid value for --verbose supplied"],
  ["--verbose foo", ["--verbose=INFO"], ""],
  ["# comment -R here\r\nfoo=1 port=4731 --\nbar --nope", [], ""],
  ["--port", [], "the required argument for option '--port' is missing"],
  ["--port\t4731", [], "unrecognised option '--port\t4731'"],
  [
    "--port=",
    [],
    "the argument for option '--port' should follow immediately after the equal sign",
  ],
  ["--check-args", [], "unrecognised option '--check-args'"],
  ["--config-file other", [], ""],
  ["- \"a b\" 'c'", [], ""],
  ["--por=4731", [], ""],
  ["--por 4731 --keepalive-in 5 --verb=INFO", [], ""],
  [
    "--keepalive-i 5",
    [],
    "option '--keepalive-i' is ambiguous and matches '--keepalive-idle', " +
    "and '--keepalive-interval'",
  ],
  [
    "--ss=5",
    [],
    "option '--ss=5' is ambiguous and matches '--ssl', '--ssl-ca-file', " +
    "'--ssl-certificate', and '--ssl-key'",
  ],
  [
    "--mysql-p 5 --x",
    [],
    "option '--mysql-p' is ambiguous and matches '--mysql-password', and " +
    "'--mysql-port'",
  ],
  ["--x --mysql-p 5", [], "unrecognised option '--x'"],
  ["-f --por --dae", [], "the argument ('--por') for option '--file-descriptors' is invalid"],
  ["", [], ""],
];

test("a configuration file is read like a command line, as gearmand does", async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cogd.conf");
  for (const [text, words, answer] of FILES) {
    writeFileSync(path, text);
    assert.equal(complaint(["--config-file", path, ...words]), answer, text);
  }
  await t.test("gearmand the same", { skip: programMissing("gearmand") }, async () => {
    for (const [text, words, answer] of FILES) {
      writeFileSync(path, text);
      const args = ["--check-args", "--config-file", path, ...words];
      assert.equal(await gearmandsComplaint(args), answer, text);
    }
  });
});

test("the command line wins over the file, the file over the defaults", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cogd.conf");
  writeFileSync(path, "--port=4731 --por --backlog=5 --data-dir=/a --listen=a --listen=b");
  assert.throws(() => read("--config-file", path), { code: "REPEATED_OPTION" });
  writeFileSync(path, "--port=4731 --backlog=5 --data-dir=/a --listen=a --listen=b");
  const values = read("--config-file", path, "-p1", "--listen=c");
  assert.deepEqual(
    ["port", "backlog", "data-dir", "threads"].map((name) => values.text(name)),
    ["1", "5", "/a", "4"],
  );
  assert.deepEqual(values.texts("listen"), ["c"]);
});

test("the default file is the first that exists; one that cannot be read is an error", async () => {
  await using folder = await temporaryFolder();
  const paths = ["none.conf", "one.conf", "two.conf"].map((name) => join(folder.path, name));
  const readWith = (defaults: readonly string[]) => readCommandLine([], PLUGINS, defaults);
  assert.equal(readWith(paths).text("port"), "4730");
  writeFileSync(paths[1]!, "--port=1");
  writeFileSync(paths[2]!, "--port=2");
  assert.equal(readWith(paths).text("port"), "1");
  assert.throws(() => readWith([folder.path]), { code: "CONFIG_FILE" });
  assert.equal(readCommandLine(["--config-file", ""], PLUGINS, paths).text("port"), "4730");
});
