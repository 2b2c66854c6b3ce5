import { randomBytes } from "node:crypto";
import { changeCounter } from "../db/dashboard.ts";
import { HOME_PARTS, type HomeFacts, type HomePart } from "../views/home.tsx";
import type { Learner } from "./learner.ts";
import type { Memory } from "./memory.ts";

/** How often a board that somebody watches looks for changes, in milliseconds. */
const TICK_MS = 300;

export interface BoardSources {
  db: Parameters<typeof changeCounter>[0];
  learner: Pick<Learner, "subscribe">;
  facts(): HomeFacts;
  memory: Memory;
}

/** A change of the board: its id, and which parts to put in place. */
export interface BoardChange {
  id: string;
  parts: HomePart[];
  facts: HomeFacts;
}

/**
 * The overview's parts, drawn once for however many watch. Every part carries the revision at which
 * it last looked different, so that a page which lost its connection is sent just what it missed.
 */
export class Board {
  /** Ids of another process, or of an earlier run, say nothing here. */
  private readonly epoch = randomBytes(4).toString("hex");
  private readonly parts = new Map<HomePart, { html: string; revision: number }>();
  private readonly waiting = new Set<() => void>();
  private revision = 0;
  private counter = "";
  private stale = true;
  private latest: HomeFacts | undefined;
  private watchers = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly unsubscribe: () => void;

  constructor(private readonly sources: BoardSources) {
    this.unsubscribe = sources.learner.subscribe(() => {
      this.stale = true;
    });
  }

  get memory(): Memory {
    return this.sources.memory;
  }

  /** The facts of this moment, and the id to name when asking for what came after. */
  look(): { facts: HomeFacts; id: string } {
    this.refresh();
    return { facts: this.latest!, id: this.id };
  }

  /** What has changed since an id that this board gave; everything, for an id it does not know. */
  since(id: string | undefined): BoardChange | undefined {
    this.refresh();
    const [epoch, revision] = (id ?? "").split(".");
    const seen = epoch === this.epoch && /^\d+$/.test(revision ?? "") ? Number(revision) : -1;
    const parts = [...this.parts].filter(([, part]) => part.revision > seen).map(([name]) => name);
    return parts.length > 0 ? { id: this.id, parts, facts: this.latest! } : undefined;
  }

  /** Keeps an eye on the sources until the returned function is called. */
  watch(): () => void {
    this.watchers += 1;
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.watchers -= 1;
      if (this.watchers === 0) this.rest();
    };
  }

  /** Settles once there is something after `seen`, which may be now, or after `ms` at the latest. */
  async change(seen: string | undefined, ms: number): Promise<void> {
    if (seen !== this.id) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.add(resolve);
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.waiting.delete(resolve);
  }

  close(): void {
    this.unsubscribe();
    this.rest();
    this.wake();
  }

  private get id(): string {
    return `${this.epoch}.${this.revision}`;
  }

  private tick(): void {
    try {
      this.refresh();
    } catch {
      // A busy database or a full disk: the next tick tries again, and requests tell people.
    }
  }

  private refresh(): void {
    const counter = changeCounter(this.sources.db);
    if (!this.stale && counter === this.counter) return;
    const facts = this.sources.facts();
    this.stale = false;
    this.counter = counter;
    this.latest = facts;
    const before = this.revision;
    for (const name of Object.keys(HOME_PARTS) as HomePart[]) {
      const html = String(HOME_PARTS[name](facts));
      if (this.parts.get(name)?.html === html) continue;
      this.revision += 1;
      this.parts.set(name, { html, revision: this.revision });
    }
    if (this.revision !== before) this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
