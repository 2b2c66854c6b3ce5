import { basename } from "node:path";
import { isDead, newOwner } from "../agent/jobs/owner.ts";
import { PullError } from "../agent/models/errors.ts";
import { type Pulling, pullModel } from "../agent/models/pull.ts";
import { describeFile, type ModelFile } from "../agent/models/store.ts";
import { addEvent } from "../db/events.ts";
import { leaseHolder, releaseLease, renewLease, takeLease } from "../db/leases.ts";
import type { Instance } from "./instance.ts";

/** Who downloads: two processes at a time would write into one file. */
const LEASE = "models.pull";
const LEASE_MS = 30_000;
const HEARTBEAT_MS = 10_000;

/**
 * Downloads a model into the instance's folder, and looks at it.
 * @throws PullError, also where another process downloads
 */
export async function pull(
  { db, config }: Pick<Instance, "db" | "config">,
  uri: string,
  options: { onProgress?: (pulling: Pulling) => void; signal?: AbortSignal } = {},
): Promise<ModelFile> {
  const owner = newOwner();
  if (!takeLease(db, LEASE, owner, LEASE_MS, { dead: isDead })) {
    const holder = leaseHolder(db, LEASE)?.owner.split("/")[1];
    throw new PullError("unreachable", `Process ${holder} downloads a model: wait for its end.`);
  }
  const beat = setInterval(() => {
    try {
      renewLease(db, LEASE, owner, LEASE_MS);
    } catch {
      // A busy database: the next beat renews it.
    }
  }, HEARTBEAT_MS);
  try {
    const model = describeFile(await pullModel(uri, config.models, options));
    const message = `Downloaded the model ${basename(model.path)}.`;
    addEvent(db, { level: "info", kind: "model.pulled", message });
    return model;
  } finally {
    clearInterval(beat);
    releaseLease(db, LEASE, owner);
  }
}

/** A download that goes on in this process, or how the last one ended. */
export interface PullState {
  uri: string;
  state: "running" | "done" | "failed" | "stopped";
  pulling?: Pulling;
  /** Why it failed, or what is wrong with what came. */
  message?: string;
  /** The model that came. */
  name?: string;
}

/** One download at a time in the background of a server. */
export class Puller {
  private current: PullState | undefined;
  private stopper = new AbortController();

  /** @param signal ends what goes on when the server stops; it can be gone on with */
  constructor(
    private readonly instance: Instance,
    private readonly signal: AbortSignal,
  ) {}

  get state(): PullState | undefined {
    return this.current;
  }

  /** Begins a download. Returns false where one goes on. */
  start(uri: string): boolean {
    if (this.current?.state === "running") return false;
    const state: PullState = { uri, state: "running" };
    this.current = state;
    this.stopper = new AbortController();
    const signal = AbortSignal.any([this.signal, this.stopper.signal]);
    const onProgress = (pulling: Pulling) => {
      state.pulling = pulling;
    };
    pull(this.instance, uri, { onProgress, signal }).then(
      ({ name, problem }) => {
        Object.assign(state, { state: "done", name, ...(problem && { message: problem }) });
      },
      (error: unknown) => {
        state.state = signal.aborted ? "stopped" : "failed";
        state.message = error instanceof Error ? error.message : String(error);
      },
    );
    return true;
  }

  /** Stops the download; it can be gone on with. */
  stop(): void {
    this.stopper.abort(new Error("The download was stopped: pull it again to go on."));
  }
}
