/** One line on a terminal's stderr that is written over and over; elsewhere nothing. */
export class StatusLine {
  private readonly active: boolean;
  private shown = "";

  /** @param quiet whether to keep silent even on a terminal */
  constructor(quiet = false) {
    // A terminal without a width is none that a line could be rewritten on.
    this.active = !quiet && process.stderr.isTTY === true && (process.stderr.columns ?? 0) > 0;
  }

  /** Shows a text in place of the last one, cut to the terminal's width. */
  show(text: string): void {
    if (!this.active) return;
    const width = process.stderr.columns - 1;
    const line = text.length > width ? `${text.slice(0, width - 1)}…` : text;
    if (line === this.shown) return;
    this.shown = line;
    process.stderr.write(`\r\x1b[K${line}`);
  }

  clear(): void {
    if (this.shown !== "") process.stderr.write("\r\x1b[K");
    this.shown = "";
  }
}
