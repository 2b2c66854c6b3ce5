import type { GenerateRequest, TextGenerator } from "../../../../agent/generator/types.ts";

/** A generator that answers by a function, and remembers what it was asked. */
export class FakeGenerator implements TextGenerator {
  readonly asked: GenerateRequest[] = [];

  constructor(private readonly answer: (request: GenerateRequest) => string) {}

  async generate(requests: GenerateRequest[]): Promise<string[]> {
    this.asked.push(...requests);
    return requests.map(this.answer);
  }

  async embed(): Promise<never> {
    throw new Error("This stand-in writes text and nothing else.");
  }

  async close(): Promise<void> {}
}
