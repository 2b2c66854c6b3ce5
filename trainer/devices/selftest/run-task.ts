import type { Variant } from "../../ggml/locate.ts";
import type { Outcome, Task } from "./task.ts";

/** Milliseconds that one process may take: drivers compile their shaders at first. */
const PATIENCE = 120_000;
/** How often a task is begun whose process crashes. */
const ATTEMPTS = 5;
/** What a process is ended with whose time is over: no crash. */
const TIME_OVER = "SIGTERM";
/** Mesa's software driver computes in the thread that asks it to: less to wait for on a busy machine. */
const ENVIRONMENT = { LP_NUM_THREADS: "0" };

/** A process of the selftest ended without a result. */
class TaskFailed extends Error {
  constructor(
    message: string,
    /** Where it was ended. */
    readonly signal?: string,
  ) {
    super(message);
  }
}

/** An outcome, or why there is none. */
export type Attempt = { outcome: Outcome } | { failed: TaskFailed };

/** How many processes computed on a device, and how many of them ended by each signal. */
export interface Processes {
  begun: number;
  crashed: Record<string, number>;
}

/**
 * Does tasks, each in a process of its own: a process loads one set of libraries, and a driver that
 * crashes takes one task with it, which is begun again.
 */
export class TaskRunner {
  /** On the device that is tested, not where its results are compared with others'. */
  readonly processes: Processes = { begun: 0, crashed: {} };

  constructor(
    private readonly variant: Variant,
    private readonly folder: string,
    private readonly options: ChildOptions & { script?: string } = {},
  ) {}

  async run(task: Omit<Task, "folder">): Promise<Attempt> {
    const args = JSON.stringify({ ...task, folder: this.folder } satisfies Task);
    const { script = `${import.meta.dir}/process.ts` } = this.options;
    const counts = task.variant === this.variant && task.kind !== "llama.cpp";
    for (let attempt = 1; ; attempt++) {
      if (counts) this.processes.begun++;
      try {
        const output = await lastLine([script, args], this.options);
        return { outcome: JSON.parse(output) as Outcome };
      } catch (failed) {
        if (!(failed instanceof TaskFailed)) throw failed;
        const { signal } = failed;
        if (signal === undefined || signal === TIME_OVER) return { failed };
        const { crashed } = this.processes;
        if (counts) crashed[signal] = (crashed[signal] ?? 0) + 1;
        if (attempt === ATTEMPTS) return { failed };
      }
    }
  }
}

export interface ChildOptions {
  signal?: AbortSignal;
  /** Beside this process's own. */
  env?: Record<string, string>;
}

/** The last line that a script prints, run as a process. */
export async function lastLine(
  args: string[],
  { signal, env }: ChildOptions = {},
): Promise<string> {
  const child = Bun.spawn({
    cmd: [process.execPath, ...args],
    env: { ...ENVIRONMENT, ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE,
    killSignal: TIME_OVER,
    ...(signal && { signal }),
  });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  signal?.throwIfAborted();
  const line = output.trim().split("\n").at(-1);
  if (code === 0 && line) return line;
  const signalled = child.signalCode === null ? undefined : String(child.signalCode);
  const how = signalled ?? `exit ${code}`;
  const words = errors.split("\n").find((text) => /rror:|GGML_ASSERT/.test(text));
  throw new TaskFailed(`Its process ended (${how})${words ? `: ${words.trim()}` : ""}.`, signalled);
}
