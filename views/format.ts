/** Numbers, times and lengths as people read them. */

const WHOLE = new Intl.NumberFormat("en");
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const MINUS = "\u2212";
const NONE = "\u2013";

/** 1234 → "1,234". */
export function whole(n: number): string {
  return WHOLE.format(n);
}

/** "1 passage", "1,234 passages". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

/** 0.834 → "83%". */
export function percent(share: number | null | undefined): string {
  if (!isNumber(share)) return NONE;
  return withMinus(`${Math.round(share * 100)}%`);
}

/** 0.034 → "+3%": a difference of two shares, in points of a hundred. */
export function points(difference: number | null | undefined): string {
  if (!isNumber(difference)) return NONE;
  const rounded = Math.round(difference * 100);
  return `${rounded > 0 ? "+" : ""}${withMinus(`${rounded}%`)}`;
}

/** A log-probability: -1.234 → "−1.23". */
export function nats(value: number | null | undefined): string {
  if (!isNumber(value)) return NONE;
  return withMinus(value.toFixed(2)).replace(/^\u2212(0\.00)$/, "$1");
}

/** A gain: 0.5 → "+0.50". */
export function signed(value: number | null | undefined): string {
  if (!isNumber(value)) return NONE;
  return value > 0 ? `+${nats(value)}` : nats(value);
}

/** Seconds as a length of time: "4 s", "2 min 5 s", "1 h 3 min". */
export function duration(seconds: number | null | undefined): string {
  if (!isNumber(seconds)) return NONE;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  const minutes = Math.round(s / 60);
  return minutes % 60
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${whole(minutes / 60)} h`;
}

/** The time left, in steps, so that it does not flicker: "about 40 s". */
export function timeLeft(seconds: number | null | undefined): string {
  if (!isNumber(seconds)) return "";
  if (seconds < 1) return "under a second";
  const step = seconds < 20 ? 1 : seconds < 120 ? 5 : 60;
  const s = Math.ceil(seconds / step) * step;
  return `about ${s < 60 ? `${s} s` : duration(s)}`;
}

/** A moment, in the server's time zone: "21 Nov, 04:14". */
export function moment(ms: number): string {
  return MOMENT.format(ms);
}

/** The first characters of a text, cut between words where that is near. */
export function clip(text: string, length: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  const characters = Array.from(flat);
  if (characters.length <= length) return flat;
  const cut = characters.slice(0, length - 1).join("");
  const space = cut.lastIndexOf(" ");
  return `${space > cut.length * 0.7 ? cut.slice(0, space) : cut}\u2026`;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function withMinus(text: string): string {
  return text.replace("-", MINUS);
}
