/** A disk whose every sync takes long, made by a library that is compiled here. */
import { preload, type Preload } from "./preload.ts";

export type SlowDisk = Preload;

export function slowDisk(milliseconds: number): SlowDisk {
  return preload("slow_disk", { SLOW_DISK_MS: String(milliseconds) });
}
