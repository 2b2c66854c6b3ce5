/** @jsxImportSource hono/jsx */

/** Colours 0 to 9; they differ in lightness, too, and 0 is the ground. */
const COLOURS = [
  "#1b262c",
  "#2f6fd0",
  "#d9403a",
  "#3c9d4f",
  "#f0c93a",
  "#9aa3a7",
  "#c149b8",
  "#ee8434",
  "#7cc7e8",
  "#7b2d3b",
] as const;
const CELL = 16;
const LARGEST = 320;

/** A grid as a picture, or any other text as it is. */
export function Side(props: { text: string; format: "grid" | "text" }) {
  const { text, format } = props;
  if (format === "text") {
    return (
      <pre class="task-text" dir="auto">
        {text}
      </pre>
    );
  }
  const rows = text.split("\n");
  const [width, height] = [rows[0]!.length, rows.length];
  const size = Math.min(CELL, LARGEST / Math.max(width, height));
  return (
    <svg
      class="grid-picture"
      role="img"
      aria-label={`Grid of ${height} × ${width}: ${rows.join(", ")}`}
      viewBox={`0 0 ${width} ${height}`}
      width={width * size}
      height={height * size}
      shape-rendering="crispEdges"
    >
      {rows.flatMap((row, y) =>
        [...row].map((cell, x) => (
          <rect x={x + 0.03} y={y + 0.03} width={0.94} height={0.94} fill={COLOURS[Number(cell)]} />
        )),
      )}
    </svg>
  );
}
