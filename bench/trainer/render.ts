/**
 * Writes what runs measured as Markdown, so that no figure is typed by hand:
 *
 *     bun bench/trainer/render.ts bench/results/{trainer,profile,scoring}-*.json > bench/RESULTS.md
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type ProfileResult, profileTable } from "./profile-table.ts";
import { reportTables, type Table } from "./report.ts";
import { type ScoringResult, scoringTable } from "./scoring-table.ts";
import type { Results } from "./store.ts";

type File = { path: string } & (
  | { results: Results }
  | { scoring: ScoringResult }
  | { profile: ProfileResult }
);

const files = process.argv.slice(2).map((path): File => {
  const content = JSON.parse(readFileSync(path, "utf8"));
  if ("medianRatio" in content) return { path, scoring: content };
  if ("profiled" in content) return { path, profile: content };
  return { path, results: content };
});
const runs = files.flatMap((file) => ("results" in file ? [file] : []));
const profiles = files.flatMap((file) => ("profile" in file ? [file] : []));
const scorings = files.flatMap((file) => ("scoring" in file ? [file] : []));

console.log(
  [
    "# The trainer beside PyTorch and PEFT",
    "",
    "Made by `bun bench/trainer/render.ts` from the files in [results/](results/), which `bun run bench:trainer --json` and",
    "`bun run bench:scoring --json` wrote; they have every repetition. Medians; arms were measured in turn.",
    "Other load: cores that were busy while the process ran (itself included), and cores stolen by the host.",
    "",
    ...runs.map(({ path, results }) => provenance(path, results)),
    ...profiles.map(({ path, profile }) => `- ${link(path)}: ${machineOf(profile)}`),
    ...scorings.map(({ path, scoring }) => `- ${link(path)}: ${machineOf(scoring)}`),
    "",
    "The workload is the inner loop of SEAL (arXiv 2506.10943): 15 study lines of 30 to 80 tokens and a passage of 250,",
    "rank 32 on all projections, learning rate 1e-3, one row per step. The peer is a plain PyTorch loop over PEFT's model,",
    "which takes the same rows in the same order. In bf16 its weights are bf16 and its arithmetic autocast.",
    ...runs.flatMap(({ results }) => reportTables(results)).map(markdown),
    ...(profiles.length > 0 ? [markdown(profileTable(profiles.map((p) => p.profile)))] : []),
    ...(scorings.length > 0 ? [markdown(scoringTable(scorings.map((s) => s.scoring)))] : []),
  ].join("\n"),
);

function provenance(path: string, results: Results): string {
  const { versions, began, ended, commit, embedded } = results;
  const named = Object.entries(versions).map((pair) => pair.join(" "));
  return `- ${link(path)}: ${machineOf(results)}; ${named.join(", ")}; ${began} to ${ended}, commit ${commit}, embedded model ${embedded.slice(0, 12)}`;
}

function machineOf({ machine }: Pick<Results, "machine">): string {
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`;
}

function link(path: string): string {
  return `[${basename(path)}](results/${basename(path)})`;
}

function markdown({ title, note, columns, rows }: Table): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  const rule = line(columns.map((_, i) => (i === 0 ? "---" : "---:")));
  return [
    "",
    `## ${title}`,
    "",
    line(columns),
    rule,
    ...rows.map(line),
    ...(note ? ["", note] : []),
  ].join("\n");
}
