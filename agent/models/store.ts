import { readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { inspectModel, type ModelOutline, TrainerError } from "../../trainer/index.ts";
import { PARTIAL } from "./pull.ts";

/** A model's file in the folder of models, or elsewhere. */
export interface ModelFile {
  /** The file's name without `.gguf`. */
  name: string;
  path: string;
  bytes: number;
  outline?: ModelOutline;
  /** Why it cannot be used, in a sentence. */
  problem?: string;
}

/** A model's file, looked at. */
export function describeFile(path: string): ModelFile {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const file = { name: basename(path).replace(/\.gguf$/i, ""), path, bytes };
  try {
    return { ...file, outline: inspectModel(path) };
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    return { ...file, problem: error.message };
  }
}

/** The models of a folder, by name, and the downloads that are not finished. */
export function listModels(folder: string): { models: ModelFile[]; partial: string[] } {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return { models: [], partial: [] };
  }
  return {
    models: names
      .filter((name) => /\.gguf$/i.test(name))
      .map((name) => describeFile(join(folder, name))),
    partial: names.filter((name) => name.endsWith(PARTIAL)),
  };
}

/** Finds a model of the folder by its name, with or without `.gguf`; or by its path. */
export function findModelFile(folder: string, name: string): string | undefined {
  const inFolder = listModels(folder).models.find(
    (model) => model.name === name || basename(model.path) === name,
  );
  if (inFolder) return inFolder.path;
  const path = resolve(name);
  const isFile = /\.gguf$/i.test(name) && statSync(path, { throwIfNoEntry: false })?.isFile();
  return isFile ? path : undefined;
}

/**
 * Removes a model of the folder, or a download that is not finished. Nothing outside of the folder is touched.
 * @returns how many bytes that freed; nothing where there is no such file
 */
export function removeModelFile(folder: string, name: string): number | undefined {
  const { models, partial } = listModels(folder);
  const known = [...models.map(({ path }) => basename(path)), ...partial];
  const file = known.find((it) => it === name || it === `${name}.gguf`);
  if (file === undefined) return undefined;
  const path = join(folder, file);
  if (dirname(realpathSync(path)) !== realpathSync(folder)) {
    rmSync(path);
    return 0;
  }
  const { size } = statSync(path);
  rmSync(path);
  rmSync(`${path}.tag`, { force: true });
  return size;
}
