import type { Table } from "./report.ts";
import type { Results } from "./store.ts";

/** What `bun run bench:scoring --json` prints. */
export interface ScoringResult {
  machine: Results["machine"];
  threads: number;
  peerThreads: number;
  probes: number;
  tokensPerProbe: number;
  generatedTokensPerProbe: number;
  secondsScoring: number[];
  medianScoring: number;
  medianGenerating: number;
  medianRatio: number;
}

/** Scoring against generating, a row per run. */
export function scoringTable(results: readonly ScoringResult[]): Table {
  return {
    title: "5. Probes scored, and their answers generated one by one with node-llama-cpp",
    columns: [
      "threads (ours / the peer's)",
      "probes",
      "tokens each",
      "of them generated",
      "scored, s",
      "generated, s",
      "times faster",
      "n",
    ],
    rows: results.map((r) => [
      `${r.threads} / ${r.peerThreads}`,
      String(r.probes),
      r.tokensPerProbe.toFixed(1),
      r.generatedTokensPerProbe.toFixed(1),
      r.medianScoring.toFixed(2),
      r.medianGenerating.toFixed(2),
      r.medianRatio.toFixed(1),
      String(r.secondsScoring.length),
    ]),
  };
}
