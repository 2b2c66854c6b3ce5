/** @jsxImportSource hono/jsx */
import type { DifferenceFacts, ShareFigure } from "./experiment-types.ts";
import { signed, whole } from "./format.ts";

/** Rows of figures, each with its name first. */
export function Table(props: { heads: string[]; rows: string[][] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {props.heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(([name, ...cells]) => (
            <tr>
              <td>{name}</td>
              {cells.map((cell) => (
                <td class="number">{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Paired differences between arms. */
export function Differences(props: {
  differences: DifferenceFacts[];
  /** What they are paired by. */
  unit?: "passage" | "task";
}) {
  const { differences, unit = "passage" } = props;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Difference</th>
            <th scope="col">{unit === "task" ? "Tasks" : "Passages"}</th>
            <th scope="col">Points</th>
            <th scope="col">95%</th>
            <th scope="col">p</th>
            <th scope="col">Log p per token</th>
            <th scope="col">95%</th>
          </tr>
        </thead>
        <tbody>
          {differences.map(({ name, passages, difference, logprob }) => (
            <tr>
              <td>{name}</td>
              <td class="number">{whole(passages)}</td>
              <td class="number">{points(difference.mean)}</td>
              <td class="number">
                {points(difference.low)} to {points(difference.high)}
              </td>
              <td class="number">{difference.p < 0.001 ? "<0.001" : difference.p.toFixed(3)}</td>
              <td class="number">{signed(logprob.mean)}</td>
              <td class="number">
                {signed(logprob.low)} to {signed(logprob.high)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">Paired by {unit}; p is that of a one-sided permutation test.</p>
    </div>
  );
}

/** `43.1% (40.0–46.2)` */
export function shares(figure: ShareFigure | null): string {
  if (!figure) return "–";
  const bare = (value: number) => (value * 100).toFixed(1);
  return `${share(figure.mean)} (${bare(figure.low)}–${bare(figure.high)})`;
}

/** `43.1%` */
export function share(value: number): string {
  return `${(value * 100).toFixed(1)}%`;
}

/** A difference of shares in points of a hundred, with a decimal. */
function points(value: number): string {
  const digits = Math.abs(value * 100).toFixed(1);
  return `${value < 0 && Number(digits) !== 0 ? "−" : "+"}${digits}`;
}
