import { readdirSync, readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";

/** What a model can be held in. */
export interface Hardware {
  memoryBytes: number;
  /** Memory that was free when it was looked at. */
  freeBytes: number;
  /** The graphics device with the most memory of its own; one that shares the machine's counts, too. */
  gpu?: { name: string; memoryBytes: number };
}

/** A model that people can fetch, and what it needs. */
export interface RecommendedModel {
  name: string;
  /** GGUF metadata `general.architecture`: it must be one that the trainer knows. */
  architecture: string;
  /** Where the file is. */
  url: string;
  /** Memory for weights and training together, in bytes; a rough figure. */
  needsBytes: number;
}

const GB = 1024 ** 3;
const HUB = "https://huggingface.co";
/** Without a GPU a larger model would take hours for a passage. */
const MAX_WITHOUT_GPU = 6 * GB;
/** How much of the machine's memory a model may take, the rest being for everything else. */
const SHARE = 0.6;
const NVIDIA_TIMEOUT_MS = 2000;

/** From small to large. The frozen weights' copies and the activations are part of what they need. */
export const RECOMMENDED_MODELS: RecommendedModel[] = [
  {
    name: "SmolLM2 135M Instruct (Q8_0)",
    architecture: "llama",
    url: `${HUB}/bartowski/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct-Q8_0.gguf`,
    needsBytes: 1 * GB,
  },
  {
    name: "SmolLM2 360M Instruct (Q8_0)",
    architecture: "llama",
    url: `${HUB}/bartowski/SmolLM2-360M-Instruct-GGUF/resolve/main/SmolLM2-360M-Instruct-Q8_0.gguf`,
    needsBytes: 2 * GB,
  },
  {
    name: "Llama 3.2 1B Instruct (Q8_0)",
    architecture: "llama",
    url: `${HUB}/bartowski/Llama-3.2-1B-Instruct-GGUF/resolve/main/Llama-3.2-1B-Instruct-Q8_0.gguf`,
    needsBytes: 5 * GB,
  },
  {
    name: "Llama 3.2 3B Instruct (Q8_0)",
    architecture: "llama",
    url: `${HUB}/bartowski/Llama-3.2-3B-Instruct-GGUF/resolve/main/Llama-3.2-3B-Instruct-Q8_0.gguf`,
    needsBytes: 11 * GB,
  },
  {
    name: "Llama 3.1 8B Instruct (Q4_K_M)",
    architecture: "llama",
    url: `${HUB}/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/resolve/main/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf`,
    needsBytes: 22 * GB,
  },
];

/** Looks at this machine. What cannot be found out counts as not there. */
export async function inspectHardware(): Promise<Hardware> {
  const memoryBytes = totalmem();
  const gpu = (await nvidia()) ?? amd() ?? apple(memoryBytes);
  return { memoryBytes, freeBytes: freemem(), ...(gpu && { gpu }) };
}

/** The largest model that fits comfortably. */
export function recommendModel(hardware: Hardware): RecommendedModel {
  const { gpu, memoryBytes } = hardware;
  const room = Math.max(
    Math.min(memoryBytes * SHARE, MAX_WITHOUT_GPU),
    gpu ? gpu.memoryBytes * (gpu.memoryBytes === memoryBytes ? SHARE : 0.95) : 0,
  );
  return RECOMMENDED_MODELS.findLast((model) => model.needsBytes <= room) ?? RECOMMENDED_MODELS[0]!;
}

/** The machine in words: "16 GB of memory and no GPU that was found". */
export function hardwareWords(hardware: Hardware): string {
  const memory = `${gigabytes(hardware.memoryBytes)} of memory`;
  const { gpu } = hardware;
  if (!gpu) return `${memory} and no GPU that was found`;
  if (gpu.memoryBytes === hardware.memoryBytes) return `${memory}, shared with its ${gpu.name} GPU`;
  return `${memory} and a GPU, ${gpu.name}, with ${gigabytes(gpu.memoryBytes)}`;
}

function gigabytes(bytes: number): string {
  const n = bytes / GB;
  return `${n < 10 ? n.toFixed(1).replace(/\.0$/, "") : Math.round(n)} GB`;
}

/** NVIDIA's own tool is the only way to ask that needs no library. */
async function nvidia(): Promise<Hardware["gpu"]> {
  try {
    const query = "--query-gpu=name,memory.total";
    const child = Bun.spawn(["nvidia-smi", query, "--format=csv,noheader,nounits"], {
      stdout: "pipe",
      stderr: "ignore",
      stdin: "ignore",
      timeout: NVIDIA_TIMEOUT_MS,
    });
    return parseNvidia(await new Response(child.stdout).text());
  } catch {
    return undefined;
  }
}

/** Lines of a name and megabytes; the device with the most of them. */
export function parseNvidia(text: string): Hardware["gpu"] {
  const devices = text.split("\n").flatMap((line) => {
    const match = /^(.+),\s*(\d+)\s*$/.exec(line.trim());
    return match ? [{ name: match[1]!, memoryBytes: Number(match[2]) * 1024 ** 2 }] : [];
  });
  return devices.sort((a, b) => b.memoryBytes - a.memoryBytes)[0];
}

/** Linux tells the memory of AMD's devices in files. */
function amd(): Hardware["gpu"] {
  const folder = "/sys/class/drm";
  try {
    const sizes = readdirSync(folder).flatMap((card) => {
      try {
        return [
          Number(readFileSync(join(folder, card, "device", "mem_info_vram_total"), "utf8")) || 0,
        ];
      } catch {
        return [];
      }
    });
    const memoryBytes = Math.max(0, ...sizes);
    return memoryBytes >= GB ? { name: "AMD Radeon", memoryBytes } : undefined;
  } catch {
    return undefined;
  }
}

function apple(memoryBytes: number): Hardware["gpu"] {
  const silicon = process.platform === "darwin" && process.arch === "arm64";
  return silicon ? { name: "Apple", memoryBytes } : undefined;
}
