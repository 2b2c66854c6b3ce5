import type { TextGenerator } from "../generator/types.ts";
import type { PassageText } from "../prompts.ts";
import type { EditSource } from "./index.ts";
import { type SampleOptions, sampleEdits } from "./written.ts";

/** Edits by the student itself: the base with its policy adapter, without what it has learned. */
export function ownEdits(
  generator: () => Promise<TextGenerator>,
  passage: PassageText,
  options: SampleOptions & { policyId?: number },
): EditSource {
  const { policyId = 0, ...sampling } = options;
  return {
    origin: "self",
    policyId,
    write: async (kinds) => sampleEdits(await generator(), passage, kinds, sampling),
  };
}
