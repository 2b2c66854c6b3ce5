/** The invented world that the embedded model grows up in. */
export {
  distractorsOf,
  type Entity,
  type Fact,
  makeEntity,
  makeWorld,
  streamEntities,
  type WorldOptions,
} from "./entity.ts";
export { type Split, splitOf } from "./names.ts";
export {
  implicationsOf,
  type Passage,
  passageAbout,
  passageOf,
  rewriteOf,
  type StatedFact,
  statementsOf,
  thoroughImplicationsOf,
} from "./passage.ts";
export {
  echoQuestionsOf,
  type Question,
  questionsOf,
  questionWordings,
  type Wording,
} from "./questions.ts";
export { Rng } from "./rng.ts";
