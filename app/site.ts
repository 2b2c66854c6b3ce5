import type { Session } from "../db/sessions.ts";
import type { ViewerState } from "../views/viewer.ts";
import type { Board } from "./board.ts";
import type { Instance } from "./instance.ts";
import type { Learner } from "./learner.ts";
import type { Puller } from "./pulls.ts";

/** What every route of the pages has at hand. */
export interface Site {
  instance: Instance;
  learner: Learner;
  board: Board;
  /** The download of a model, if one goes on. */
  puller: Puller;
  /** What this process shows itself by, where it asks itself for something. */
  ownKey: string;
  /** Aborted when the server stops: whatever still streams ends. */
  signal: AbortSignal;
}

/** What the environment of a request brings along: Bun's server, which keeps the time limits. */
export interface SiteEnv {
  Bindings: { server?: Bun.Server<undefined> };
  Variables: {
    /** Of whoever is signed in. */
    session?: Session;
    /** How pages take whoever looks; not set where nobody has to sign in. */
    viewer?: ViewerState;
  };
}
