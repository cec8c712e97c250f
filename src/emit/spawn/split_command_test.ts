import { assertEquals, assertRejects } from "@std/assert";
import { SpawnError } from "./spawn_error.ts";
import { splitCommand } from "./split_command.ts";

Deno.test("splitCommand() splits as a shell does", async () => {
  const cases: [string, string[]][] = [
    ["qemu", ["qemu"]],
    ["  qemu\t-S  ", ["qemu", "-S"]],
    [`qemu -name 'a b' -append "c 'd' \\"e\\""`, ["qemu", "-name", "a b", "-append", `c 'd' "e"`]],
    [`qemu -name a" b "c ''`, ["qemu", "-name", "a b c", ""]],
    ["qemu -name a\\ b", ["qemu", "-name", "a b"]],
    [`qemu -device '{"driver":"e1000","id":"n*"}'`, ["qemu", "-device", `{"driver":"e1000","id":"n*"}`]],
    ["qemu \\\n  -m 8 \\\r\n  -S\n", ["qemu", "-m", "8", "-S"]],
    ["env A=b qemu -drive file=x,if=none", ["env", "A=b", "qemu", "-drive", "file=x,if=none"]],
    ["qemu -name 'cost: $5, `x`'".replaceAll("`", ""), ["qemu", "-name", "cost: $5, x"]],
    ["qemu -drive file=a~b", ["qemu", "-drive", "file=a~b"]],
  ];
  for (const [text, words] of cases) assertEquals(await splitCommand(text), words, text);
});

Deno.test("splitCommand() refuses what needs a shell, and says what", async () => {
  const cases: [string, string][] = [
    ["", "it is empty"],
    [" \n ", "it is empty"],
    ["qemu | tee x", "| needs a shell"],
    ["qemu > x", "> needs a shell"],
    ["qemu && x", "&& needs a shell"],
    ["qemu; x", "; needs a shell"],
    ["qemu &", "& needs a shell"],
    ["qemu $HOME/x", "$HOME needs a shell"],
    ['qemu "$HOME/x"', "$HOME needs a shell"],
    ["qemu $(x)", "$ needs a shell"],
    ['qemu "$(x)"', "$ needs a shell"],
    ["qemu `x`", "` needs a shell"],
    ["qemu *.img", "*.img needs a shell"],
    ["qemu ~/x.img", "~/x.img needs a shell"],
    ["qemu # a comment", "# a comment needs a shell"],
    ["qemu\nqemu", "it has several lines"],
    ["qemu 'a b", "a quote in it is not closed"],
    ['qemu "a b', "a quote in it is not closed"],
    ["qemu a\\", "a quote in it is not closed"],
  ];
  for (const [text, why] of cases) {
    const error = await assertRejects(() => splitCommand(text), SpawnError, `Cannot start the command: ${why}`, text);
    assertEquals(error.code, "command");
    assertEquals(error.hint.includes("script"), true);
  }
});
