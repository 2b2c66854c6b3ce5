/**
 * Entry point of the process that makes a backup: copying and checking keep it busy, and nobody waits for its
 * pages. Its one argument says of what, as JSON; what it made is on stdout, why it could not on stderr.
 */
import Sqlite from "better-sqlite3";
import { openHome } from "../../agent/home.ts";
import { makeBackup } from "./backup.ts";

const { home, folder, model, beforeUpdate } = JSON.parse(process.argv[2] ?? "");
const place = openHome(home);
const client = new Sqlite(place.database, { fileMustExist: true });
try {
  const made = await makeBackup({ client, home: place, model }, folder, { beforeUpdate });
  await Bun.write(Bun.stdout, JSON.stringify(made));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  client.close();
}
