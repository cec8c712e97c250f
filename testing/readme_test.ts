import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { permissionTable, speedPart, withPart } from "./generated.ts";
import { consoleExamples, isPlain, outputOf } from "./readme.ts";

const root = new URL("..", import.meta.url);
const ignore = Deno.permissions.querySync({ name: "read", path: root }).state !== "granted";

Deno.test({
  name: "the README shows what each command prints today; `deno task readme` refreshes it",
  ignore,
  async fn(): Promise<void> {
    const examples = consoleExamples(Deno.readTextFileSync(new URL("README.md", root)));
    const plain = examples.filter(({ command }) => isPlain(command));
    assert(plain.length >= 6, "the examples are not found any more");
    for (const { command, output } of plain) assertEquals(output, await outputOf(command), command);
  },
});

Deno.test({
  name: "the README shows every command",
  ignore,
  async fn(): Promise<void> {
    const { COMMANDS } = await import("../cli/main.ts");
    const readme = Deno.readTextFileSync(new URL("README.md", root));
    for (const { name } of COMMANDS) assert(readme.includes(`migwire ${name} `), name);
  },
});

Deno.test({
  name: "the README's picture of the JSON is what the program prints",
  ignore,
  async fn(): Promise<void> {
    const pattern = /^(migwire inspect --json \S+) \| jq -c '\.devices\[0\] \| \{(.*)\}'$/;
    const examples = consoleExamples(Deno.readTextFileSync(new URL("README.md", root)));
    const example = examples.find(({ command }) => pattern.test(command));
    const [, command = "", names = ""] = pattern.exec(example?.command ?? "") ?? [];
    const { devices: [device] } = JSON.parse(await outputOf(command));
    const picked = Object.fromEntries(names.split(", ").map((name) => [name, device[name]]));
    assertEquals(example?.output, `${JSON.stringify(picked)}\n`);
  },
});

Deno.test({
  name: "SECURITY.md has the permissions that the commands declare; `deno task readme` refreshes it",
  ignore,
  async fn(): Promise<void> {
    const security = Deno.readTextFileSync(new URL("SECURITY.md", root));
    assertEquals(security, withPart(security, "permissions", await permissionTable()));
  },
});

Deno.test({
  name: "the README shows the speed of the last saved run; `deno task readme` refreshes it",
  ignore,
  fn(): void {
    const readme = Deno.readTextFileSync(new URL("README.md", root));
    assertEquals(readme, withPart(readme, "speed", speedPart()));
  },
});

Deno.test({
  name: "CHANGELOG.md tells of the version that this is",
  ignore,
  fn(): void {
    const changelog = Deno.readTextFileSync(new URL("CHANGELOG.md", root));
    assert(
      new RegExp(`^## \\[${config.version.replaceAll(".", "\\.")}\\] - \\d{4}-\\d\\d-\\d\\d$`, "m").test(changelog),
    );
    assert(changelog.includes("\n## [Unreleased]\n"));
  },
});
