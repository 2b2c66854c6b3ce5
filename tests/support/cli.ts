import { join } from "node:path";

const CLI = join(import.meta.dir, "../../app/cli.ts");

/** Starts the command line in a folder, with an instance of its own. */
export function startCli(
  args: string[],
  options: { cwd: string; home: string; env?: Record<string, string>; stdin?: string },
) {
  const { cwd, home, env, stdin } = options;
  return Bun.spawn([process.execPath, CLI, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, SELKIE_HOME: home, ...env },
    ...(stdin !== undefined && { stdin: new Blob([stdin]) }),
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Runs it to its end. */
export async function runCli(args: string[], options: Parameters<typeof startCli>[1]) {
  const child = startCli(args, options);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code, json: () => JSON.parse(out) };
}
