/**
 * Asks the registry whether the installed packages have known weaknesses: `bun run audit`. Serious ones fail;
 * without a network, or where a registry offers no audits, it says so and nothing fails.
 */
const TIMEOUT_MS = 30_000;

const child = Bun.spawn([process.execPath, "audit", "--json", "--audit-level=high"], {
  cwd: `${import.meta.dir}/..`,
  stdout: "pipe",
  stderr: "pipe",
  timeout: TIMEOUT_MS,
});
const [out, err, code] = await Promise.all([
  new Response(child.stdout).text(),
  new Response(child.stderr).text(),
  child.exited,
]);

/** By package; nothing where the answer is none. */
function advisoriesIn(
  text: string,
): Record<string, { title?: string; url?: string }[]> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const advisories = advisoriesIn(out);
const serious = Object.entries(advisories ?? {});
if (serious.length > 0) {
  for (const [name, found] of serious) {
    for (const { title, url } of found) console.error(`${name}: ${title} (${url})`);
  }
  console.error(
    "Packages with known weaknesses are installed: `bun audit fix` names better versions.",
  );
  process.exit(1);
}
if (advisories || code === 0)
  console.log("Audit: no package with a known weakness of level high or above.");
else {
  // The registry's own name is nobody's business in a log that is passed on.
  const reason = err
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/https?:\/\/\S+/g, "the registry");
  console.warn(`Audit: the packages were NOT audited (${reason || "no answer in time"}).`);
}
