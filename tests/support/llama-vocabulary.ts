import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** llama.cpp's own vocabularies lie in the source that node-llama-cpp brings along, a git bundle. */
const BUNDLE = join(
  dirname(createRequire(import.meta.url).resolve("node-llama-cpp")),
  "../llama/gitRelease.bundle",
);

/** Writes vocabularies of llama.cpp's (`qwen2`, `llama-spm`, …) as GGUFs without tensors into a folder. */
export async function writeVocabularies(
  folder: string,
  names: readonly string[],
): Promise<string[]> {
  const repository = mkdtempSync(join(tmpdir(), "selkie-bundle-"));
  try {
    await git(repository, "init", "--quiet", "--bare", ".");
    const heads = new TextDecoder().decode(await git(repository, "bundle", "unbundle", BUNDLE));
    const commit = heads.split(" ")[0] as string;
    const paths: string[] = [];
    for (const name of names) {
      const path = join(folder, `${name}-vocabulary.gguf`);
      const object = `${commit}:models/ggml-vocab-${name}.gguf`;
      writeFileSync(path, await git(repository, "cat-file", "blob", object));
      paths.push(path);
    }
    return paths;
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

async function git(repository: string, ...args: string[]): Promise<Uint8Array> {
  const child = Bun.spawn({
    cmd: ["git", "-C", repository, ...args],
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await new Response(child.stdout).bytes();
  if ((await child.exited) !== 0) throw new Error(`git ${args.join(" ")} failed`);
  return output;
}
