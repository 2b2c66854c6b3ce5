/** What a tenant's work ends with where the device has no room for it. */
const NOT_ENOUGH = "not-enough-memory";

interface Closable {
  close(): Promise<void>;
}

/**
 * Lets several models share a device's memory. All are kept while all fit. Where the work of one is
 * refused for want of memory, the others are parked: their running work is finished, they are closed,
 * and what is asked of them waits until that one work is done; it is then begun again, and they
 * are started again when they are next used.
 */
export class Arbiter {
  private readonly tenants: Tenant<Closable>[] = [];
  /** One work at a time may have the memory to itself; the last of them ends this. */
  private turn: Promise<void> | undefined;

  /** @param notice told, in a sentence for people, what is parked and what is started again */
  constructor(private readonly notice: (message: string) => void = () => {}) {}

  /**
   * @param name as people know it: "the chat model"
   * @param start makes it; called when it is first used, and again after it was dropped or parked
   */
  tenant<T extends Closable>(name: string, start: () => Promise<T>): Tenant<T> {
    const tenant = new Tenant(name, start, this, this.notice);
    this.tenants.push(tenant as unknown as Tenant<Closable>);
    return tenant;
  }

  /**
   * Does work that was refused, with everything else out of memory. If nothing else was in it, the
   * refusal stands.
   */
  async alone<R>(mine: unknown, refusal: unknown, work: () => Promise<R>): Promise<R> {
    const before = this.turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.turn = promise;
    await before;
    const others = this.tenants.filter((tenant) => tenant !== mine && tenant.isRunning);
    try {
      // Whoever had the turn before may have closed what was in the way.
      if (others.length === 0 && !before) throw refusal;
      const name = (mine as Tenant<Closable>).name;
      await Promise.all(others.map((other) => other.park(name)));
      return await work();
    } finally {
      for (const other of others) other.unpark();
      if (this.turn === promise) this.turn = undefined;
      resolve();
    }
  }
}

/** Something that is started once, however many use it at a time, and again after it was dropped. */
export class Tenant<T extends Closable> {
  private current: Promise<T> | undefined;
  private users = 0;
  private idle: (() => void) | undefined;
  /** Settles when it may be used again. */
  private gate: Promise<void> | undefined;
  private open: (() => void) | undefined;
  private wasParked = false;

  constructor(
    readonly name: string,
    private readonly start: () => Promise<T>,
    private readonly arbiter: Arbiter,
    private readonly notice: (message: string) => void,
  ) {}

  get isRunning(): boolean {
    return this.current !== undefined;
  }

  /**
   * Works with it, once there is room for that. A process that died is forgotten with the work that it
   * took along.
   * @param signal ends the wait for a parked tenant
   */
  async use<R>(work: (value: T) => Promise<R>, signal?: AbortSignal): Promise<R> {
    while (this.gate) await abortable(this.gate, signal);
    try {
      return await this.attempt(work);
    } catch (error) {
      if (codeOf(error) !== NOT_ENOUGH) throw error;
      return this.arbiter.alone(this, error, () => this.attempt(work));
    }
  }

  /** Closes it as soon as nobody uses it, and keeps it closed until {@link unpark}. */
  async park(inFavourOf: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    this.open = resolve;
    this.notice(
      `There is not enough memory for ${inFavourOf} and ${this.name} at once: ${this.name} is closed for now, and what is asked of it waits.`,
    );
    this.wasParked = true;
    await new Promise<void>((done) => {
      this.idle = done;
      this.leave(0);
    });
    await this.close();
  }

  unpark(): void {
    this.gate = undefined;
    this.open?.();
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.then((value) => value.close(), ignore);
  }

  private async attempt<R>(work: (value: T) => Promise<R>): Promise<R> {
    this.users += 1;
    try {
      const value = await this.get();
      try {
        return await work(value);
      } catch (error) {
        if (codeOf(error) === "child-died") this.drop(value);
        throw error;
      }
    } finally {
      this.leave(1);
    }
  }

  private leave(users: number): void {
    this.users -= users;
    if (this.users > 0) return;
    this.idle?.();
    this.idle = undefined;
  }

  private get(): Promise<T> {
    if (this.current) return this.current;
    const current = this.start();
    this.current = current;
    current.then(
      () => this.tellOfReturn(),
      // A failed start is not kept: what was wrong may be put right.
      () => {
        if (this.current === current) this.current = undefined;
      },
    );
    return current;
  }

  private tellOfReturn(): void {
    if (this.wasParked) this.notice(`${capitalised(this.name)} is in memory again.`);
    this.wasParked = false;
  }

  private drop(value: T): void {
    const { current } = this;
    void current?.then((it) => {
      if (it !== value || this.current !== current) return;
      this.current = undefined;
      return value.close();
    }, ignore);
  }
}

/** @throws the signal's reason when it aborts first */
async function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function ignore(): void {}
