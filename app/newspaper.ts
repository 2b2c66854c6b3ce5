import { generateRssFeed } from "feedsmith";
import { makeEntity, passageOf, Rng } from "../models/world/index.ts";

/** An item of the newspaper. */
export interface NewsItem {
  number: number;
  title: string;
  text: string;
  publishedAt: number;
}

export interface NewspaperOptions {
  seed: number | string;
  /** When the first issue came out, in milliseconds since 1970. */
  startedAt: number;
  /** Time between two items, in milliseconds. */
  every: number;
  /** Items that the first issue had. */
  first?: number;
  /** Items that the feed has at a time. */
  window?: number;
  /** After so many the world has no more news. */
  most?: number;
}

const DEFAULTS = { first: 8, window: 100, most: 10_000 };

/**
 * The newspaper of the invented world: an item every now and then, each about something that nobody
 * has heard of before. The same options give the same items, whenever they are asked for.
 */
export class Newspaper {
  private readonly options: Required<NewspaperOptions>;
  /** For every item so far, which draw was of a name that was not taken. */
  private readonly draws: number[] = [];
  private readonly names = new Set<string>();

  constructor(options: NewspaperOptions) {
    this.options = { ...DEFAULTS, ...options };
  }

  /** How many items have come out. */
  count(now: number): number {
    const { startedAt, every, first, most } = this.options;
    return Math.min(most, first + Math.max(0, Math.floor((now - startedAt) / every)));
  }

  /** An item by its number, from 0. */
  item(number: number): NewsItem {
    while (this.draws.length <= number) this.draw();
    const rng = this.rng(number, this.draws[number]!);
    const { title, text } = passageOf(makeEntity(rng, "heldout"), rng);
    const { startedAt, every, first } = this.options;
    return { number, title, text, publishedAt: startedAt + (number - first + 1) * every };
  }

  /** What the feed has now, the latest first. */
  items(now: number): NewsItem[] {
    const count = this.count(now);
    const length = Math.min(count, this.options.window);
    return Array.from({ length }, (_, i) => this.item(count - 1 - i));
  }

  /** The feed. @param base address of this program */
  feed(now: number, base: string): string {
    const items = this.items(now).map(({ number, title, text, publishedAt }) => ({
      title,
      link: new URL(`/demo/news/${number}`, base).href,
      guid: { value: `selkie-news-${number}`, isPermaLink: false },
      pubDate: new Date(publishedAt),
      content: { encoded: `<p>${escapeHtml(text)}</p>` },
    }));
    return generateRssFeed({
      title: NEWSPAPER,
      link: base,
      description: "News of a world that nobody has heard of.",
      items,
    } as Parameters<typeof generateRssFeed>[0]);
  }

  private draw(): void {
    const number = this.draws.length;
    let attempt = 0;
    let name = this.name(number, attempt);
    while (this.names.has(name)) name = this.name(number, ++attempt);
    this.names.add(name);
    this.draws.push(attempt);
  }

  private name(number: number, attempt: number): string {
    return makeEntity(this.rng(number, attempt), "heldout").title;
  }

  private rng(number: number, attempt: number): Rng {
    return new Rng(`news:${this.options.seed}:${number}:${attempt}`);
  }
}

export const NEWSPAPER = "The Selkie Gazette";

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
