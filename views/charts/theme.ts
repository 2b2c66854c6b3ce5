/** Colours of the pictures, which stand outside the style sheet; the values match `selkie.css`. */
export interface ChartTheme {
  ink: string;
  quiet: string;
  line: string;
  /** What was not measured. */
  blank: string;
  /** From nothing right to everything right. */
  scale: string[];
  accent: string;
  others: string;
}

export type ThemeName = "light" | "dark";

export const THEMES: Record<ThemeName, ChartTheme> = {
  light: {
    ink: "#1d2b33",
    quiet: "#586871",
    line: "#d8dfe0",
    blank: "#f0f2f1",
    scale: ["#e9e3d5", "#bcd6d0", "#6fb0ad", "#2b7f86", "#0c4a57"],
    accent: "#0e6a75",
    others: "#a9b7bb",
  },
  dark: {
    ink: "#e3e9ea",
    quiet: "#9aabb1",
    line: "#2c3a41",
    blank: "#1a242a",
    scale: ["#2e3331", "#2b5157", "#2f7d83", "#5fb3b0", "#bfeadf"],
    accent: "#67c1bf",
    others: "#4d6068",
  },
};

/** No double quotes: echarts writes it into attributes as it is. */
export const CHART_FONT =
  "system-ui, -apple-system, Segoe UI, Helvetica Neue, Liberation Sans, Arial, sans-serif";
