import { OTHERS, READING, WRITING, main } from "../cli.ts";

void main({ ...WRITING, ...READING, ...OTHERS });
