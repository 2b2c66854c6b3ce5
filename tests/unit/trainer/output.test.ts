import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { OutputFile } from "../../../trainer/output.ts";
import { failure, SENTENCE, scratch } from "./fixture.ts";

const { file, remove } = scratch("output");
afterAll(remove);

const OUTPUT = join(import.meta.dir, "../../../trainer/output.ts");

/** Runs a script that has OutputFile, in a process of its own; what it prints comes line by line. */
function script(body: string, shell = "") {
  const source = `import { OutputFile } from ${JSON.stringify(OUTPUT)};\n${body}`;
  const run = `${shell} exec "$0" -e "$1"`;
  return Bun.spawn(["bash", "-c", run, process.execPath, source], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
}

async function firstLine(child: ReturnType<typeof script>): Promise<string> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value);
}

/** A process that has begun to write a file and waits. */
async function writer(path: string) {
  const child = script(
    `const out = OutputFile.create(${JSON.stringify(path)});
     out.write(new Uint8Array(1000));
     console.log("writing");
     process.stdin.once("data", () => { out.publish(); process.exit(0); });`,
  );
  expect(await firstLine(child)).toBe("writing\n");
  return child;
}

const left = (path: string): string[] => readdirSync(dirname(path));

test("a file has its name only when it is complete", () => {
  const path = file("one/complete.bin");
  mkdirSync(dirname(path));
  const out = OutputFile.create(path);
  out.write(Uint8Array.from([1, 2]));
  out.write(Uint8Array.from([3]));
  expect(existsSync(path)).toBe(false);
  out.publish();
  out.discard();
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  expect(left(path)).toEqual(["complete.bin"]);
});

test("what is given up leaves nothing, and a former file as it was", () => {
  const path = file("two/kept.bin");
  mkdirSync(dirname(path));
  writeFileSync(path, "as it was");
  const out = OutputFile.create(path);
  out.write(new Uint8Array(10));
  out.discard();
  expect(readFileSync(path, "utf8")).toBe("as it was");
  expect(left(path)).toEqual(["kept.bin"]);
});

describe("two writers of one name", () => {
  test("in one process: the second is refused", async () => {
    const path = file("same.bin");
    const first = OutputFile.create(path);
    const error = await failure(() => OutputFile.create(path));
    expect(error.code).toBe("output-busy");
    expect(error.message).toMatch(SENTENCE);
    expect(error.message).toStartWith(`${path} is being written by process ${process.pid}.`);
    first.write(new Uint8Array(3));
    first.publish();
    expect(readFileSync(path).length).toBe(3);
  });

  test("in two processes: the second is refused, the first goes on", async () => {
    const path = file("shared.bin");
    const other = await writer(path);
    const error = await failure(() => OutputFile.create(path));
    expect(error.message).toStartWith(`${path} is being written by process ${other.pid}.`);
    other.stdin.write("go\n");
    await other.stdin.end();
    expect(await other.exited).toBe(0);
    expect(readFileSync(path).length).toBe(1000);
    OutputFile.create(path).discard();
  });

  test("a killed one leaves no file under the name, and is no obstacle", async () => {
    const path = file("three/killed.bin");
    mkdirSync(dirname(path));
    const other = await writer(path);
    other.kill("SIGKILL");
    await other.exited;
    expect(left(path)).toEqual([`killed.bin.${other.pid}.tmp`]);
    const out = OutputFile.create(path);
    out.publish();
    expect(left(path)).toEqual(["killed.bin"]);
  });

  test("an earlier process that had this one's id is no obstacle", () => {
    const path = file("four/again.bin");
    mkdirSync(dirname(path));
    writeFileSync(`${path}.${process.pid}.tmp`, "left behind");
    const out = OutputFile.create(path);
    out.write(Uint8Array.from([1]));
    out.publish();
    expect(left(path)).toEqual(["again.bin"]);
  });
});

describe("a file that cannot be written", () => {
  test("for want of a folder", async () => {
    const path = file("none/x.bin");
    const error = await failure(() => OutputFile.create(path));
    expect([error.code, error.message]).toEqual([
      "write-failed",
      `${path} could not be written: its folder does not exist. Make it, or choose another name.`,
    ]);
  });

  test("because a folder has its name", async () => {
    const path = file("five/taken");
    mkdirSync(path, { recursive: true });
    const out = OutputFile.create(path);
    const error = await failure(() => out.publish());
    out.discard();
    expect(error.message).toInclude("there is a folder of that name");
    expect(left(path)).toEqual(["taken"]);
    rmSync(path, { recursive: true });
  });

  test.skipIf(process.platform === "win32")("for want of room: nothing is left", async () => {
    const path = file("six/large.bin");
    mkdirSync(dirname(path));
    const child = script(
      `const out = OutputFile.create(${JSON.stringify(path)});
       try { for (;;) out.write(new Uint8Array(65536)); }
       catch (error) { console.log(error.code + ": " + error.message); }
       finally { out.discard(); }`,
      // The system refuses to make a file longer than 1 MiB instead of ending the process.
      "trap '' XFSZ; ulimit -f 1024;",
    );
    const said = await new Response(child.stdout).text();
    expect(said).toStartWith(`write-failed: ${path} could not be written: the file is larger than`);
    expect(await child.exited).toBe(0);
    expect(left(path)).toEqual([]);
  });
});
