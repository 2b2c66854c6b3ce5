import { PullError } from "./errors.ts";

/** Where a model's file is. */
export interface ModelAddress {
  url: URL;
  /** What it is called here. */
  file: string;
}

const HUB = "https://huggingface.co/";
/** Which of a repository's files a type means is answered by the same address as llama.cpp asks. */
const TIMEOUT_MS = 30_000;

/** Hugging Face, or the mirror that the environment names, as llama.cpp's own programs have it. */
export function hubAddress(env: Record<string, string | undefined> = process.env): string {
  const named = env.MODEL_ENDPOINT ?? env.HF_ENDPOINT;
  if (!named || !URL.canParse(named)) return HUB;
  return named.endsWith("/") ? named : `${named}/`;
}

/** What signs in there, if anything does. */
export function hubHeaders(url: URL): Record<string, string> {
  const token = process.env.HF_TOKEN?.trim();
  return token && url.href.startsWith(hubAddress()) ? { authorization: `Bearer ${token}` } : {};
}

/**
 * Finds a model's file: `hf:owner/repository/file.gguf`, with `#branch` if it is not on the main one;
 * `hf:owner/repository:Q4_K_M`, for which Hugging Face names the file; or an address.
 * @throws PullError
 */
export async function findAddress(uri: string, signal?: AbortSignal): Promise<ModelAddress> {
  if (/^https?:\/\//i.test(uri) && URL.canParse(uri)) return named(uri, new URL(uri));
  const match = /^hf:(\w[\w.-]*)\/(\w[\w.-]*)(?:\/([^#:]+\.gguf)(?:#(.+))?|:([\w.-]+))?$/i.exec(
    uri,
  );
  const [, owner, repository, path, branch = "main", tag = "latest"] = match ?? [];
  if (!owner || !repository) {
    throw new PullError(
      "bad-uri",
      `“${uri}” names no model: write hf:owner/repository:Q4_K_M, hf:owner/repository/file.gguf, or an address.`,
    );
  }
  const file = path ?? (await fileOf(uri, `${owner}/${repository}/manifests/${tag}`, signal));
  const place = `${owner}/${repository}/resolve/${encodeURIComponent(branch)}/${file}`;
  return named(uri, new URL(place, hubAddress()));
}

/** The file that Hugging Face gives to llama.cpp for a type. */
async function fileOf(uri: string, path: string, signal?: AbortSignal): Promise<string> {
  const url = new URL(`v2/${path}`, hubAddress());
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, {
    headers: { ...hubHeaders(url), "user-agent": "llama-cpp", accept: "application/json" },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  }).catch((error: Error) => {
    signal?.throwIfAborted();
    throw new PullError(
      "unreachable",
      `${url.host} does not answer (${error.message}): try later.`,
    );
  });
  if (!response.ok) throw missing(uri, response.status);
  const manifest = (await response.json().catch(() => undefined)) as
    | { ggufFile?: { rfilename?: unknown } }
    | undefined;
  const file = manifest?.ggufFile?.rfilename;
  if (typeof file === "string" && /\.gguf$/i.test(file)) return file;
  throw new PullError("missing", `${uri} names no GGUF file: look at its files, and name one.`);
}

export function missing(uri: string, status: number): PullError {
  if (status === 401 || status === 403 || status === 404) {
    return new PullError(
      "missing",
      `There is no ${uri}, or it needs a login (HTTP ${status}): check its name; for a gated model set HF_TOKEN.`,
    );
  }
  return new PullError("unreachable", `${uri} was answered with HTTP ${status}: try again later.`);
}

function named(uri: string, url: URL): ModelAddress {
  const file = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
  if (!/^[^/\\]+\.gguf$/i.test(file) || file.startsWith(".")) {
    throw new PullError("bad-uri", `${uri} leads to no GGUF file: name one that ends in .gguf.`);
  }
  const parts = /-\d{5}-of-(\d{5})\.gguf$/i.exec(file)?.[1];
  if (parts && Number(parts) > 1) {
    throw new PullError(
      "several-parts",
      `${uri} comes in ${Number(parts)} files, and Selkie reads models of one: choose a smaller type, or join them with llama.cpp's llama-gguf-split --merge.`,
    );
  }
  return { url, file };
}
