import { basename } from "node:path";
import type { Database } from "../../db/open.ts";
import { addTeacherUsage } from "../../db/teacher.ts";
import { GeneratorError, type TextGenerator } from "../generator/types.ts";
import { LIST_STOPS } from "../probe/written.ts";
import { editPrompt } from "../study/written.ts";
import { type Teacher, TeacherError, type TeacherSettings, type WritingTask } from "./types.ts";

/** Another GGUF on this machine, in a process of its own; it reads the student's own prompts. */
export class LocalTeacher implements Teacher {
  readonly name: string;
  readonly writes: Teacher["writes"];
  private generator: TextGenerator | undefined;

  constructor(
    private readonly db: Database,
    private readonly settings: Pick<TeacherSettings, "at" | "writes">,
    /** Starts its process, when it is first asked. */
    private readonly start: () => Promise<TextGenerator>,
  ) {
    this.name = basename(this.settings.at);
    this.writes = this.settings.writes;
  }

  async write(task: WritingTask, signal?: AbortSignal): Promise<string> {
    const { kind, passage, maxTokens, temperature, seed } = task;
    const prompt = editPrompt(kind, passage);
    const stop = kind === "self-qa" ? LIST_STOPS : [...LIST_STOPS, "\n\n"];
    const request = { prompt, maxTokens, temperature, topP: 0.95, seed, stop };
    try {
      this.generator ??= await this.start();
      const [text = ""] = await this.generator.generate([request], signal && { signal });
      if (text.trim() === "") {
        throw new TeacherError("empty", `${this.name} wrote nothing.`);
      }
      addTeacherUsage(this.db, this.name, { requests: 1 });
      return text;
    } catch (error) {
      signal?.throwIfAborted();
      addTeacherUsage(this.db, this.name, { requests: 1, failures: 1 });
      if (!(error instanceof GeneratorError)) throw error;
      const code = error.code === "prompt-too-long" ? "refused" : "unreachable";
      throw new TeacherError(code, `${this.name}: ${error.message}`);
    }
  }

  reject(): void {
    addTeacherUsage(this.db, this.name, { failures: 1 });
  }

  async close(): Promise<void> {
    await this.generator?.close();
  }
}
