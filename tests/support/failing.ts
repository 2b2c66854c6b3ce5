/**
 * Puts stand-ins before objects that throw at the n-th call of any of their methods, counted over all of
 * them, and otherwise pass calls on.
 */
export function failingAt(nth: number): <T extends object>(target: T) => T {
  let calls = 0;
  return (target) =>
    new Proxy(target, {
      get(object, key) {
        const value = Reflect.get(object, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls === nth) throw new Error("killed");
          return value.apply(object, args);
        };
      },
    });
}
