import { describe, expect, test } from "bun:test";
import {
  hardwareWords,
  inspectHardware,
  parseNvidia,
  RECOMMENDED_MODELS,
  recommendModel,
} from "../../../agent/hardware.ts";
import { SUPPORTED_ARCHITECTURES } from "../../../trainer/model/architectures.ts";

const GB = 1024 ** 3;
const machine = (memory: number, gpu?: { name: string; memoryBytes: number }) => ({
  memoryBytes: memory * GB,
  freeBytes: memory * GB,
  ...(gpu && { gpu }),
});

describe("the recommended model", () => {
  test("is one that the trainer can train", () => {
    for (const { architecture } of RECOMMENDED_MODELS) {
      expect(SUPPORTED_ARCHITECTURES as readonly string[]).toContain(architecture);
    }
  });

  test("grows with the machine, and is always there", () => {
    const card = (gb: number) => ({ name: "Card", memoryBytes: gb * GB });
    const names = [
      machine(1),
      machine(4),
      machine(16),
      machine(256),
      machine(32, card(12)),
      machine(64, card(24)),
    ].map((hardware) => recommendModel(hardware).name.replace(/ Instruct.*/, ""));
    expect(names).toEqual([
      "SmolLM2 135M",
      "SmolLM2 360M",
      "Llama 3.2 1B",
      "Llama 3.2 1B",
      "Llama 3.2 3B",
      "Llama 3.1 8B",
    ]);
  });
});

describe("the machine", () => {
  test("is told in words", () => {
    expect(hardwareWords(machine(16))).toBe("16 GB of memory and no GPU that was found");
    expect(hardwareWords(machine(7.5, { name: "RTX 3060", memoryBytes: 12 * GB }))).toBe(
      "7.5 GB of memory and a GPU, RTX 3060, with 12 GB",
    );
    expect(hardwareWords(machine(32, { name: "Apple", memoryBytes: 32 * GB }))).toBe(
      "32 GB of memory, shared with its Apple GPU",
    );
  });

  test("of several devices has the one with the most memory", () => {
    expect(parseNvidia("NVIDIA T400, 2048\nNVIDIA RTX A4000, Gen 2, 16376\n\n")).toEqual({
      name: "NVIDIA RTX A4000, Gen 2",
      memoryBytes: 16376 * 1024 ** 2,
    });
    expect(parseNvidia("No devices were found\n")).toBeUndefined();
  });

  test("can be looked at, whatever it is", async () => {
    expect((await inspectHardware()).memoryBytes).toBeGreaterThan(0);
  });
});
