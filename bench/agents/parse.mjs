/** The least that a reader of transcripts does: node parse.mjs <file…> */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

let lines = 0;
for (const file of process.argv.slice(2)) {
  const input = createReadStream(file, { highWaterMark: 256 * 1024 });
  for await (const line of createInterface({ input })) {
    JSON.parse(line);
    lines += 1;
  }
}
console.log(lines);
