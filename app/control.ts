import type { ControlMaterial } from "../agent/control/types.ts";
import { heldOutExam, knownExam } from "../models/exams.ts";
import { Rng } from "../models/world/index.ts";

/** Of the invented world, what the control set asks and reads. */
const SIZES = { known: 60, read: 24, seed: 90_210 };

/**
 * The embedded model's control set: facts of its world that it knows by heart, and passages about
 * things that it has never heard of, to be read and written about.
 */
export function worldControl(): ControlMaterial {
  const rng = new Rng("control");
  const known = rng.sample(
    knownExam().filter(({ asked }) => asked),
    SIZES.known,
  );
  const read = heldOutExam(SIZES.seed, SIZES.read);
  return {
    texts: read.map(({ passage }) => ({ title: passage.title, text: passage.text })),
    questions: known.flatMap(({ entity, seen }) =>
      seen.slice(0, 2).map(({ question, answer }) => ({ question, answer, about: entity.name })),
    ),
    passages: read.map(({ passage, seen }) => ({
      title: passage.title,
      text: passage.text,
      questions: seen.slice(0, 3).map(({ question, answer }) => ({ question, answer })),
    })),
  };
}
