/**
 * Writes what a run measured as Markdown, so that no figure is typed by hand:
 *
 *     bun bench/trainer/render.ts bench/results/trainer-2026-11-21.json > bench/RESULTS.md
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { reportTables, type Table } from "./report.ts";
import type { Results } from "./store.ts";

const [path = ""] = process.argv.slice(2);
const results: Results = JSON.parse(readFileSync(path, "utf8"));
const { machine, versions, began, ended, commit } = results;
console.log(
  [
    "# The trainer beside PyTorch and PEFT",
    "",
    `Made by \`bun bench/trainer/render.ts\` from [results/${basename(path)}](results/${basename(path)}), which`,
    "`bun run bench:trainer --json` wrote; it has every repetition. Medians; arms were measured in turn.",
    "Other load: cores that were busy while the process ran (itself included), and cores stolen by the host.",
    "",
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`,
    `- Versions: ${Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", ")}`,
    `- ${began} to ${ended}, commit ${commit}`,
    "",
    "The workload is the inner loop of SEAL (arXiv 2506.10943): 15 study lines of 30 to 80 tokens and a passage of 250,",
    "rank 32 on all projections, learning rate 1e-3, one row per step. The peer is a plain PyTorch loop over PEFT's model,",
    "which takes the same rows in the same order. In bf16 its weights are bf16 and its arithmetic autocast.",
    ...reportTables(results).map(markdown),
  ].join("\n"),
);

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
