/** Entry point of the process that makes a backup before an update. Its one argument says of what, as JSON. */
import Sqlite from "better-sqlite3";
import { openHome } from "../../agent/home.ts";
import { makeBackup } from "./backup.ts";

const { home, folder, model } = JSON.parse(process.argv[2] ?? "");
const place = openHome(home);
const client = new Sqlite(place.database, { fileMustExist: true });
try {
  await makeBackup({ client, home: place, model }, folder, { beforeUpdate: true });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  client.close();
}
