import { posix } from "node:path";
import { codeOnly } from "./code_only.ts";
import { isSource, type ProjectFile } from "./project_files.ts";

const MAX_LINES = 400;
/** From here on a file deserves a look: has it become two things? */
const LONG_LINES = 250;

/** Where Deno or Bun may be named in code. */
const RUNTIME_FOLDERS = ["src/runtime/", "scripts/", "tests/support/"];

function lineCount(file: ProjectFile): number {
  return file.text.split("\n").length - 1;
}

/** Source files that are too long. */
export function tooLong(files: readonly ProjectFile[]): string[] {
  return overLines(files, MAX_LINES);
}

/** Source files that are long, though still allowed. */
export function long(files: readonly ProjectFile[]): string[] {
  return overLines(files, LONG_LINES);
}

function overLines(files: readonly ProjectFile[], limit: number): string[] {
  return files.filter((file) => isSource(file) && lineCount(file) > limit)
    .map((file) => `${file.path} has ${lineCount(file)} lines`);
}

/** Code that names a runtime outside the folders that may. */
export function namesRuntime(files: readonly ProjectFile[]): string[] {
  const sources = files.filter(({ path }) => !RUNTIME_FOLDERS.some((own) => path.startsWith(own)));
  return inCode(sources, [/\b(Deno|Bun)\b/]);
}

/** Marks of unfinished work, in any file. Written so that this file does not match itself. */
export function unfinished(files: readonly ProjectFile[]): string[] {
  return inText(files, [/\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/]);
}

/** Checks that were switched off. */
export function switchedOff(files: readonly ProjectFile[]): string[] {
  return [
    ...inText(files.filter(isSource), [/@ts-[a-z]+\b/, /\bdeno-(lint|fmt|coverage)-ignore\b/]),
    ...inCode(files, [/(:|<|\||&|=>|\bas|\bextends|=)\s*any\b(?!\s*[(:.])/]),
  ];
}

/** Paths of one person's machine and names of registries' hosts. */
export function namesThePlace(files: readonly ProjectFile[]): string[] {
  return inText(files, [
    /(^|[^.A-Za-z0-9_])\/(work|farm|root|Users|home\/[a-z]+)\//,
    /https?:\/\/[A-Za-z0-9.-]*(npm|debian|jsr)[A-Za-z0-9.-]*/,
  ]);
}

/** Language that cannot be erased, or that hides what a module offers. */
export function unwantedLanguage(files: readonly ProjectFile[]): string[] {
  return inCode(files, [
    /^\s*export default\b/,
    /^\s*(export )?(const )?enum \w/,
    /\bnamespace \w+ \{/,
  ]);
}

/** File names that do not say what is inside. */
export function emptyNames(files: readonly ProjectFile[]): string[] {
  return files.filter(({ path }) =>
    isSource({ path, text: "" }) &&
    /(^|_)(utils?|helpers?|(?<!service_)managers?|misc|common|info|stuff)(_|\.)/.test(
      posix.basename(path),
    )
  ).map(({ path }) => path);
}

/** Tests that are left out, focused, use hooks, or sleep instead of waiting for something. */
export function unsoundTests(files: readonly ProjectFile[]): string[] {
  const tests = files.filter(({ path }) => path.startsWith("tests/"));
  return inCode(tests, [
    /\b(only|ignore|todo): *true\b/,
    /\b(test|it|describe)\.(only|skip|todo)\(/,
    /\bt\.skip\(/,
    /(^|[^.\w])(before|after|beforeEach|afterEach)\(/,
    /\bsetTimeout\([^)]*, *[0-9_]{3,}\)/,
  ]);
}

function inText(files: readonly ProjectFile[], patterns: readonly RegExp[]): string[] {
  return files.flatMap(({ path, text }) => matches(path, text, text, patterns));
}

function inCode(files: readonly ProjectFile[], patterns: readonly RegExp[]): string[] {
  return files.filter(isSource)
    .flatMap(({ path, text }) => matches(path, codeOnly(text), text, patterns));
}

/** Lines that match, as `file:line: text`. */
function matches(
  path: string,
  searched: string,
  shown: string,
  patterns: readonly RegExp[],
): string[] {
  const original = shown.split("\n");
  return searched.split("\n").flatMap((line, i) =>
    patterns.some((pattern) => pattern.test(line))
      ? [`${path}:${i + 1}: ${original[i]!.trim()}`]
      : []
  );
}
