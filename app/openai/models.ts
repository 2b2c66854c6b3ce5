import { existsSync } from "node:fs";
import { join } from "node:path";
import { findWeights, parseWhich, type Weights, type Which } from "../../agent/adapter.ts";
import { listSkills, type Skill } from "../../db/skills.ts";
import { isUsable, listVersions, type Version } from "../../db/versions.ts";
import { RequestError } from "../errors.tsx";
import type { Instance } from "../instance.ts";

/** A model as OpenAI's interface lists it. */
export interface ListedModel {
  id: string;
  object: "model";
  /** Seconds since 1970. */
  created: number;
  owned_by: "selkie";
}

/**
 * The models that can be asked: the newest version under a name that stays, the untouched base, and
 * every version whose adapter is kept, the newest first; and skills, by name.
 */
export function listModels({ db, home, config }: Instance, now = Date.now()): ListedModel[] {
  const { name } = config.model;
  const kept = listVersions(db)
    .filter((it) => isUsable(it) && existsSync(join(home.adapters, it.file)))
    .reverse();
  const listed = (id: string, at: number): ListedModel => ({
    id,
    object: "model",
    created: Math.floor(at / 1000),
    owned_by: "selkie",
  });
  const model = (tag: string, at: number) => listed(`${name}:${tag}`, at);
  const first = listVersions(db)[0]?.createdAt ?? now;
  return [
    model("latest", kept[0]?.createdAt ?? first),
    ...kept.map(({ id, createdAt }) => model(`v${id}`, createdAt)),
    model("base", first),
    ...listSkills(db)
      .filter(({ state }) => state === "ready")
      .map((skill) => listed(skillModelId(skill), skill.createdAt)),
  ];
}

/**
 * Which weights a model's name means: `pup:v3`, `pup:base`, `pup:latest` or just `pup`; also without
 * the base's name.
 * @throws RequestError 404
 */
export function findModel(instance: Instance, id: string): Which {
  const { db, home, config } = instance;
  const { name } = config.model;
  const tag = id === name ? "latest" : id.startsWith(`${name}:`) ? id.slice(name.length + 1) : id;
  const which = parseWhich(tag.replace(/^v(?=\d)/, ""));
  const weights = which === undefined ? undefined : findWeights(db, home, which);
  // What `latest` means is looked at when it is asked.
  if (which === undefined || !weights || (which !== "latest" && !isKept(weights))) {
    throw new RequestError(
      404,
      `There is no model “${id}” here: GET /v1/models lists them, ${name}:latest is the newest.`,
      { code: "model-not-found", param: "model" },
    );
  }
  return which;
}

/** The name of the very weights that answer. */
export function modelId({ config }: Instance, version: Version | undefined): string {
  return `${config.model.name}:${version ? `v${version.id}` : "base"}`;
}

/** What a skill is called as a model. */
export function skillModelId({ name }: Pick<Skill, "name">): string {
  return `skill:${name}`;
}

function isKept({ version, adapter }: Weights): boolean {
  return adapter === undefined || (version?.broken === null && existsSync(adapter));
}
