import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { TrainerError } from "../errors.ts";

/** A family of compute devices, as node-llama-cpp names its prebuilt packages. */
export const VARIANTS = ["cpu", "cuda", "vulkan", "metal"] as const;
export type Variant = (typeof VARIANTS)[number];

/** Whether a name is that of a family. */
export function isBackend(name: string): name is Variant {
  return VARIANTS.some((variant) => variant === name);
}

/** One prebuilt set of libraries. */
export interface LibrarySet {
  variant: Variant;
  dir: string;
  base: string;
  ggml: string;
}

/** The package and folder that hold a variant's libraries on this platform. */
function packageName(variant: Variant): string {
  const platform =
    process.platform === "darwin" ? "mac" : process.platform === "win32" ? "win" : "linux";
  const suffix = variant === "cpu" ? "" : `-${variant}`;
  return `${platform}-${process.arch}${suffix}`;
}

/**
 * Finds the libraries that node-llama-cpp ships for a variant.
 * @returns undefined when that package is not installed on this platform
 */
export function locateLibraries(variant: Variant): LibrarySet | undefined {
  const name = packageName(variant);
  const dir = binariesFolder(name);
  if (!dir) return undefined;
  const files = readdirSync(dir);
  const pick = (pattern: RegExp): string | undefined => files.find((file) => pattern.test(file));
  const base = pick(/^(lib)?ggml-base\.(so|dylib|dll)$/);
  const ggml = pick(/^(lib)?ggml(\.[a-z]+)?(\.v[\d.]+)?\.(so|dylib|dll)$/);
  if (!base || !ggml) return undefined;
  return { variant, dir, base: join(dir, base), ggml: join(dir, ggml) };
}

/** The same, with a sentence for people where there is none. */
export function requireLibraries(variant: Variant): LibrarySet {
  const found = locateLibraries(variant);
  if (found) return found;
  throw new TrainerError(
    "library-missing",
    `No prebuilt ${variant} libraries for ${process.platform}-${process.arch}: ` +
      `the package @node-llama-cpp/${packageName(variant)} is not installed. Run "bun install" again, or choose another backend.`,
  );
}

function binariesFolder(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  const roots = [require.resolve("node-llama-cpp"), import.meta.filename];
  for (const root of roots) {
    for (let dir = dirname(root); dir !== dirname(dir); dir = dirname(dir)) {
      const candidate = join(dir, "node_modules", "@node-llama-cpp", name, "bins", name);
      if (existsSync(candidate)) return candidate;
    }
  }
  return undefined;
}
