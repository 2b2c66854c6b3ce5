/**
 * Passes generated text on, except that a stop string (and whatever follows it) never gets through:
 * text that might be the beginning of one is held back until it is known not to be.
 */
export class StopFilter {
  private held = "";
  /** Set once a stop string was met. */
  stopped = false;

  constructor(private readonly stops: readonly string[] = []) {}

  /** @returns the text that may be shown now */
  push(text: string): string {
    if (this.stopped) return "";
    this.held += text;
    const hits = this.stops.map((stop) => this.held.indexOf(stop)).filter((at) => at >= 0);
    if (hits.length > 0) {
      this.stopped = true;
      return this.release(Math.min(...hits));
    }
    return this.release(this.held.length - this.longestBeginning());
  }

  /** @returns what was held back, when generation ends by itself */
  end(): string {
    return this.stopped ? "" : this.release(this.held.length);
  }

  private release(length: number): string {
    const out = this.held.slice(0, length);
    this.held = this.held.slice(length);
    return out;
  }

  /** Length of the longest end of the held text that begins a stop string. */
  private longestBeginning(): number {
    let longest = 0;
    for (const stop of this.stops) {
      for (let n = Math.min(stop.length - 1, this.held.length); n > longest; n--) {
        if (this.held.endsWith(stop.slice(0, n))) longest = n;
      }
    }
    return longest;
  }
}
