import type { ProgressLine } from "../../agent/experiment/progress.ts";
import type { StatusLine } from "../status-line.ts";

/** A line on stderr where no line can be rewritten, so often at most. */
const LOG_MS = 30_000;

/** Shows how far an experiment is: on one line of a terminal, elsewhere on a line now and then. */
export function shower(line: StatusLine): (progress: ProgressLine) => void {
  let logged = 0;
  return (progress) => {
    const text = progressWords(progress);
    line.show(text);
    if (process.stderr.isTTY || performance.now() - logged < LOG_MS) return;
    logged = performance.now();
    process.stderr.write(`${text}\n`);
  };
}

/** `12% · passage 4 of 150, seed 1 · 38 min left` */
export function progressWords({ phase, done, total, secondsLeft }: ProgressLine): string {
  const share = total > 0 ? `${Math.floor((done / total) * 100)}%` : "";
  const left = secondsLeft === undefined ? "" : `${timeWords(secondsLeft)} left`;
  return [share, phase, left].filter(Boolean).join(" · ");
}

/** `38 min`, `2.1 h`, `45 s` */
export function timeWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
