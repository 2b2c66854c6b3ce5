import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import {
  duplicateKey,
  SafetensorsFile,
  writeSafetensors,
} from "../../../trainer/lora/safetensors.ts";
import { random } from "../../../trainer/random.ts";
import { failure, SENTENCE, scratch } from "./fixture.ts";

const { file, remove } = scratch("safetensors");
afterAll(remove);

/** A file with this header, as text or as a value, and so many bytes of data. */
function put(name: string, header: unknown, bytes = 0, length?: bigint): string {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(Buffer.byteLength(json)));
  writeFileSync(file(name), Buffer.concat([head, Buffer.from(json), Buffer.alloc(bytes, 7)]));
  return file(name);
}

function short(content: string): string {
  writeFileSync(file("short"), content);
  return file("short");
}

const tensor = (from: number, to: number, shape = [(to - from) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

async function refusal(path: string): Promise<string> {
  const error = await failure(() => SafetensorsFile.open(path));
  expect(error.code).toBe("adapter-unreadable");
  expect(error.message).toStartWith(path);
  expect(error.message).toMatch(SENTENCE);
  return error.message;
}

test("what is written is read", async () => {
  const data = [Uint8Array.from({ length: 24 }, (_, i) => i), Uint8Array.from([9, 8, 7, 6])];
  await writeSafetensors(file("round.safetensors"), [
    { name: "a.weight", dtype: "F32", shape: [2, 3], data: async () => data[0]! },
    { name: "grüße", dtype: "BF16", shape: [2], data: async () => data[1]! },
  ]);
  const read = SafetensorsFile.open(file("round.safetensors"));
  const tensors = [...read.tensors.values()];
  expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
    ["a.weight", "F32", [2, 3]],
    ["grüße", "BF16", [2]],
  ]);
  expect(tensors.map((t) => read.read(t))).toEqual(data);
  expect(tensors[0]!.offset % 8).toBe(0);
  read.close();
});

test("a file by another program: no metadata, entries in any order, no tensors", () => {
  const path = put("other", { b: tensor(8, 12), a: tensor(0, 8, [1, 2]) }, 12);
  const read = SafetensorsFile.open(path);
  expect([...read.tensors.keys()]).toEqual(["a", "b"]);
  expect([...read.read(read.tensors.get("b")!)]).toEqual([7, 7, 7, 7]);
  read.close();
  SafetensorsFile.open(put("none", {})).close();
  SafetensorsFile.open(put("empty", { a: tensor(0, 0, [0, 4]) })).close();
});

describe("a damaged or hostile file is refused", () => {
  const cases: [string, RegExp, () => string][] = [
    ["missing", /cannot be opened/, () => file("missing")],
    ["a folder", /cannot be read/, () => file(".")],
    ["too short", /it has 0 bytes/, () => short("")],
    [
      "a header beyond the file",
      /claims 999 bytes, the file has 10/,
      () => put("far", "{}", 0, 999n),
    ],
    [
      "a header of more bytes than there are numbers",
      /claims 18446744073709551615 bytes/,
      () => put("huge", "{}", 0, 2n ** 64n - 1n),
    ],
    ["a header that is no JSON", /is not JSON/, () => put("json", '{"a": ')],
    ["a header that is no text", /is not JSON/, () => put("text", "{}", 3, 5n)],
    ["a header that is no object", /no JSON object/, () => put("array", "[]")],
    ["an entry that is no object", /entry of a is malformed/, () => put("null", { a: null })],
    ["no shape", /malformed/, () => put("shape", { a: { dtype: "F32", data_offsets: [0, 4] } }, 4)],
    ["a negative size", /malformed/, () => put("minus", { a: tensor(0, 4, [-1]) }, 4)],
    ["a fraction", /malformed/, () => put("half", { a: tensor(0, 4, [0.5]) }, 4)],
    [
      "a size that is no number",
      /malformed/,
      () => put("nan", '{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
    ],
    [
      "an unknown type",
      /has the type I64; supported are F32/,
      () => put("i64", { a: tensor(0, 8, [1], "I64") }, 8),
    ],
    [
      "a type from Object.prototype",
      /type toString/,
      () => put("proto", { a: tensor(0, 8, [1], "toString") }, 8),
    ],
    [
      "offsets that do not fit the shape",
      /has 8 bytes instead of 12/,
      () => put("fit", { a: tensor(0, 8, [3]) }, 8),
    ],
    ["offsets backwards", /bytes instead of/, () => put("back", { a: tensor(8, 4, [1]) }, 8)],
    [
      "a tensor beyond the file",
      /end at byte \d+, the file has/,
      () => put("beyond", { a: tensor(0, 400) }, 8),
    ],
    ["bytes that belong to nothing", /end at byte/, () => put("rest", { a: tensor(0, 4) }, 8)],
    ["a hole", /tensor b begins at/, () => put("hole", { a: tensor(0, 4), b: tensor(8, 12) }, 12)],
    [
      "an overlap",
      /tensor b begins at/,
      () => put("lap", { a: tensor(0, 8), b: tensor(4, 12) }, 12),
    ],
    [
      "two tensors in one place",
      /begins at/,
      () => put("same", { a: tensor(0, 8), b: tensor(0, 8) }, 8),
    ],
    [
      "a name that stands twice",
      /has a twice/,
      () => {
        const entry = JSON.stringify(tensor(0, 4));
        return put("twice", `{"a":${entry},"\\u0061":${entry}}`, 4);
      },
    ],
    [
      "a field that stands twice",
      /has dtype twice/,
      () => put("field", '{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
  ];
  for (const [name, message, make] of cases) {
    test(name, async () => {
      expect(await refusal(make())).toMatch(message);
    });
  }

  test("bits flipped anywhere in the header: an error of ours, or the same tensors' bytes", async () => {
    await writeSafetensors(file("good"), [
      { name: "a", dtype: "F32", shape: [2, 2], data: async () => new Uint8Array(16) },
      { name: "b", dtype: "F16", shape: [3], data: async () => new Uint8Array(6) },
    ]);
    const good = readFileSync(file("good"));
    const next = random(5);
    let refused = 0;
    for (let i = 0; i < 500; i++) {
      const bad = Buffer.from(good);
      const at = Math.floor(next() * (good.length - 22));
      bad[at] = bad[at]! ^ (1 << Math.floor(next() * 8));
      writeFileSync(file("bad"), bad);
      try {
        const opened = SafetensorsFile.open(file("bad"));
        for (const tensor of opened.tensors.values()) opened.read(tensor);
        opened.close();
      } catch (error) {
        expect(error).toMatchObject({ name: "TrainerError", code: "adapter-unreadable" });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(250);
  });
});

test("duplicate keys are found, and only in one object", () => {
  expect(duplicateKey('{"a":1,"b":{"a":2},"c":"a","d":["a","a"]}')).toBeUndefined();
  expect(duplicateKey('{"a":"\\"a\\":","b":{"x":1,"y":{},"x":2}}')).toBe("x");
  expect(duplicateKey('{"":1,"":2}')).toBe("");
});
