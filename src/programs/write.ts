import { WRITING, main } from "../cli.ts";

void main(WRITING);
