import { getJobs, type Job, passagesToLearn } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import { getPassages, type Passage } from "../../db/passages.ts";

/** What came of a request to read and learn. */
export interface Outcome {
  /** The finished read jobs, folders and their files. */
  reads: Job[];
  /** Every passage of what was read. */
  passages: Passage[];
  /** One sentence for each thing that failed. */
  failures: string[];
}

/** How far it is. */
export interface Advance {
  /** Things that are still to be read. */
  reading: number;
  /** Passages that are still to be learned, and how many there are in all so far. */
  learning: number;
  passages: number;
}

/**
 * Follows read jobs to their end: to the files of a folder, and to the passages of a document,
 * whichever job learns them.
 */
export class Follower {
  private readonly open: Set<number>;
  private readonly closed: Job[] = [];
  private readonly passageIds = new Set<number>();

  constructor(
    private readonly db: Database,
    readJobIds: number[],
  ) {
    this.open = new Set(readJobIds);
  }

  /** Looks at the journal. */
  advance(): Advance {
    // Folders bring further jobs, which may be finished already.
    for (let before = -1; before !== this.open.size + this.closed.length; ) {
      before = this.open.size + this.closed.length;
      this.collect();
    }
    const waiting = passagesToLearn(this.db).filter((id) => this.passageIds.has(id));
    return {
      reading: this.open.size,
      learning: waiting.length,
      passages: this.passageIds.size,
    };
  }

  /** Whether everything has been read, and learned, found known, rejected or failed. */
  settled(): boolean {
    const { reading, learning } = this.advance();
    return reading === 0 && learning === 0;
  }

  outcome(): Outcome {
    this.advance();
    const passages = getPassages(this.db, [...this.passageIds]);
    const failures = [
      ...this.closed.filter((job) => job.state === "failed").map((job) => job.error ?? ""),
      ...passages
        .filter((passage) => passage.decision === "failed")
        .map((passage) => passage.reason ?? `Passage ${passage.id} failed.`),
    ];
    return { reads: [...this.closed].sort((a, b) => a.id - b.id), passages, failures };
  }

  private collect(): void {
    for (const job of getJobs(this.db, [...this.open])) {
      if (job.state !== "done" && job.state !== "failed") continue;
      this.open.delete(job.id);
      this.closed.push(job);
      for (const id of job.result?.jobIds ?? []) this.open.add(id);
      for (const id of job.result?.passageIds ?? []) this.passageIds.add(id);
    }
  }
}
