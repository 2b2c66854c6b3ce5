import { expect, test } from "bun:test";
import { Arbiter } from "../../../agent/arbiter.ts";

class NoRoom extends Error {
  readonly code = "not-enough-memory";
}

/** A device with room for so many units, and models that take some while they live and work. */
function device(size: number) {
  let used = 0;
  const take = (units: number): void => {
    if (used + units > size) throw new NoRoom(`${used} of ${size} are taken`);
    used += units;
  };
  const log: string[] = [];
  const arbiter = new Arbiter((message) => log.push(message));
  const model = (name: string, units: number) => {
    const state = { starts: 0, closes: 0 };
    const tenant = arbiter.tenant(name, async () => {
      take(units);
      state.starts += 1;
      return {
        work: async <R>(extra: number, inside: () => Promise<R> | R): Promise<R> => {
          take(extra);
          try {
            return await inside();
          } finally {
            used -= extra;
          }
        },
        close: async () => {
          used -= units;
          state.closes += 1;
        },
      };
    });
    const work = <R>(extra: number, inside: () => Promise<R> | R, signal?: AbortSignal) =>
      tenant.use((it) => it.work(extra, inside), signal);
    return { state, work, tenant };
  };
  return { model, log, used: () => used };
}

const nothing = () => "done";

test("both stay while both fit", async () => {
  const { model, log } = device(10);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  await chat.work(0, nothing);
  expect(await training.work(4, nothing)).toBe("done");
  await chat.work(0, nothing);
  expect([chat.state, training.state]).toEqual([
    { starts: 1, closes: 0 },
    { starts: 1, closes: 0 },
  ]);
  expect(log).toEqual([]);
});

test("what does not fit beside it has the other closed, whose work waits and then goes on", async () => {
  const { model, log } = device(10);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  await chat.work(0, nothing);
  const order: string[] = [];
  let asked: Promise<unknown> = Promise.resolve();
  await training.work(6, async () => {
    asked = chat.work(0, () => order.push("answered"));
    await Bun.sleep(20);
    order.push("trained");
  });
  await asked;
  expect(order).toEqual(["trained", "answered"]);
  expect(chat.state).toEqual({ starts: 2, closes: 1 });
  expect(training.state).toEqual({ starts: 1, closes: 0 });
  expect(log).toEqual([
    "There is not enough memory for training and the chat model at once: the chat model is closed for now, and what is asked of it waits.",
    "The chat model is in memory again.",
  ]);
});

test("work that runs is finished before its model is closed", async () => {
  const { model } = device(10);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  const order: string[] = [];
  const answering = chat.work(0, async () => {
    await Bun.sleep(30);
    order.push("answered");
  });
  await Bun.sleep(5);
  await training.work(6, () => order.push("trained"));
  await answering;
  expect(order).toEqual(["answered", "trained"]);
});

test("it goes either way, where only one fits at all", async () => {
  const { model, used } = device(5);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  for (let i = 0; i < 3; i++) {
    expect(await chat.work(1, nothing)).toBe("done");
    expect(await training.work(1, nothing)).toBe("done");
  }
  expect(chat.state.starts).toBe(3);
  expect(training.state.starts).toBe(3);
  expect(used()).toBe(3);
});

test("both at once, and many: nobody waits for ever", async () => {
  const { model } = device(5);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  const work = Array.from({ length: 20 }, (_, i) =>
    (i % 3 === 0 ? training : chat).work(2, async () => {
      await Bun.sleep(1);
      return i;
    }),
  );
  const results = await Promise.allSettled(work);
  const done = results.filter(({ status }) => status === "fulfilled");
  // Two works on one model do not fit beside each other, either: that is no matter of sharing.
  expect(done.length).toBeGreaterThanOrEqual(2);
  expect(await training.work(2, nothing)).toBe("done");
  expect(await chat.work(2, nothing)).toBe("done");
});

test("what fits nowhere fails as it was refused", async () => {
  const { model } = device(5);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  const alone = training.work(9, nothing);
  await expect(alone).rejects.toMatchObject({ code: "not-enough-memory" });
  await chat.work(0, nothing);
  await expect(training.work(9, nothing)).rejects.toMatchObject({ code: "not-enough-memory" });
  expect(await chat.work(0, nothing)).toBe("done");
});

test("a question that waits can be taken back", async () => {
  const { model } = device(10);
  const [chat, training] = [model("the chat model", 3), model("training", 3)];
  await chat.work(0, nothing);
  const stop = new AbortController();
  await training.work(6, async () => {
    const asked = chat.work(0, nothing, stop.signal);
    stop.abort();
    await expect(asked).rejects.toThrow("abort");
  });
  expect(chat.state.starts).toBe(1);
});
