import { READING, main } from "../cli.ts";

void main(READING);
