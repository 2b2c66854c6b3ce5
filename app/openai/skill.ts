import type { GenerationEnd } from "../../agent/generator/types.ts";
import { useSkill } from "../../agent/skills/use.ts";
import { listSkills, type Skill } from "../../db/skills.ts";
import type { Instance } from "../instance.ts";
import type { Wanted } from "./answer.ts";
import { skillModelId } from "./models.ts";

/** The skill that a model's name means, if it means one: `skill:capitals`. */
export function findSkillModel({ db }: Instance, id: string): Skill | undefined {
  return listSkills(db).find((skill) => skillModelId(skill) === id);
}

/** A skill takes the last message as an input of its task, and answers with its best attempt. */
export function bySkill(
  instance: Instance,
  skill: Skill,
  input: string,
): Pick<Wanted, "write" | "model"> {
  return {
    write: async (signal, watcher) => {
      const { db, home } = instance;
      const { trainer, generator } = instance.runtime().context;
      const [best] = await useSkill({ db, home, trainer, generator, signal }, skill, input);
      const text = best?.output ?? "";
      const [promptTokens = 0, tokens = 0] = await (await trainer()).countTokens([input, text]);
      const end: GenerationEnd = { reason: "stop", promptTokens, tokens };
      watcher?.onText?.(0, text);
      watcher?.onEnd?.(0, end);
      return { choices: [{ text, end }], version: undefined };
    },
    model: () => skillModelId(skill),
  };
}
