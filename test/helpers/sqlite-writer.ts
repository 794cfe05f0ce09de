/** Another program that writes to a database, without any of our code's care. */
import { loadRendered } from "./rendered-modules.ts";

const { openConnection } = loadRendered("adw_modules/adw_database");

/** Opens the database at `path` for one run of SQL at a time. */
export function sqlWriter(path: string): (sql: string) => void {
  return (sql) => {
    const connection = openConnection(path, 5_000);
    try {
      connection.exec(sql);
    } finally {
      connection.close();
    }
  };
}
