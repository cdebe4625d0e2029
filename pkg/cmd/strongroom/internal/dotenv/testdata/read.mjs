// Reads a JSON list of texts of .env files as Node does; or, told so, prints the environment that --env-file made.
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

const answer = process.argv[2] === "environment"
  ? [process.env]
  : JSON.parse(readFileSync(0, "utf8")).map((text) => parseEnv(text));
process.stdout.write(JSON.stringify(answer));
