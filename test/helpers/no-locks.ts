/** A file system that refuses every lock, made by a library that is compiled here. */
import { constants } from "node:os";
import { preload, type Preload } from "./preload.ts";

/** ENOLCK: NFS without its lock daemon. EPERM: some file systems in user space. */
export function noLocks(code: "ENOLCK" | "EPERM"): Preload {
  const { [code]: errno } = constants.errno;
  return preload("no_locks", { NO_LOCKS_ERRNO: String(errno) });
}
