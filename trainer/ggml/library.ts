import koffi from "koffi";
import { TrainerError } from "../errors.ts";
import { type LibrarySet, requireLibraries, type Variant } from "./locate.ts";
import { BASE_PROTOTYPES, REGISTRY_PROTOTYPES, type Symbols } from "./symbols.ts";

// koffi knows a type by its name, once per process, however often loading is tried.
koffi.struct("ggml_init_params", { mem_size: "size_t", mem_buffer: "void *", no_alloc: "bool" });
koffi.struct("gguf_init_params", { no_alloc: "bool", ctx: "void **" });

/** What the bindings were written against; ggml's ABI is private and changes without notice. */
const EXPECTED = {
  version: "0.25.1",
  /** sizeof(ggml_object) + sizeof(ggml_tensor) on 64-bit platforms. */
  tensorOverhead: 368,
  /** Bytes per block of a few types, as a check of the type numbering. */
  typeSizes: { 0: 4, 1: 2, 2: 18, 8: 34, 12: 144, 30: 2 } as Record<number, number>,
};

export interface Library {
  variant: Variant;
  dir: string;
  version: string;
  c: Symbols;
}

let loaded: Library | undefined;

/**
 * Loads the ggml libraries of a variant into this process (once: a process keeps the first).
 * @throws TrainerError `library-missing` | `library-mismatch`
 */
export function loadLibrary(variant: Variant = "cpu"): Library {
  if (loaded) {
    if (loaded.variant === variant) return loaded;
    throw new TrainerError(
      "internal",
      `This process has loaded ggml's ${loaded.variant} libraries and cannot load the ${variant} ones too.`,
    );
  }
  const set = requireLibraries(variant);
  // ggml's graph computation needs more stack than koffi's worker threads have by default.
  koffi.config({ async_stack_size: 2 * 1024 * 1024 });
  const c = bind(set);
  checkAbi(c, set);
  c.ggml_backend_load_all_from_path(set.dir);
  loaded = { variant, dir: set.dir, version: c.ggml_version(), c };
  return loaded;
}

function bind(set: LibrarySet): Symbols {
  const symbols: Record<string, unknown> = {};
  for (const [path, prototypes] of [
    [set.base, BASE_PROTOTYPES],
    [set.ggml, REGISTRY_PROTOTYPES],
  ] as const) {
    let lib: ReturnType<typeof koffi.load>;
    try {
      lib = koffi.load(path);
    } catch (cause) {
      throw new TrainerError("library-missing", `${path} cannot be loaded: ${reason(cause)}`, {
        cause,
      });
    }
    for (const prototype of prototypes) {
      const name = /(\w+)\(/.exec(prototype)?.[1] as string;
      try {
        symbols[name] = lib.func(prototype);
      } catch (cause) {
        throw new TrainerError(
          "library-mismatch",
          `${path} has no usable ${name}: this Selkie needs ggml ${EXPECTED.version}, as node-llama-cpp 3.22.1 ships it. Run "bun install" again.`,
          { cause },
        );
      }
    }
  }
  return symbols as Symbols;
}

/** Refuses a library whose version or struct sizes are not those the bindings were written for. */
export function checkAbi(c: Symbols, set: LibrarySet): void {
  const differences: string[] = [];
  const compare = (what: string, got: unknown, expected: unknown): void => {
    if (got !== expected) differences.push(`${what} is ${got}, expected ${expected}`);
  };
  compare("version", c.ggml_version(), EXPECTED.version);
  compare("tensor size", Number(c.ggml_tensor_overhead()), EXPECTED.tensorOverhead);
  for (const [type, size] of Object.entries(EXPECTED.typeSizes)) {
    compare(`size of type ${type}`, Number(c.ggml_type_size(Number(type))), size);
  }
  if (differences.length > 0) {
    throw new TrainerError(
      "library-mismatch",
      `The ggml library in ${set.dir} is not the one this Selkie was made for (${differences.join("; ")}). ` +
        `Run "bun install" to restore the pinned node-llama-cpp.`,
    );
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
