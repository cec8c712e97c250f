import { assertEquals } from "@std/assert";
import { formatOption, isQemu, joinOptions, propertiesOf, splitOptions, withProperty } from "./options.ts";

Deno.test("splitOptions() knows which options have a value", () => {
  const words = "-S --enable-kvm -append -S disk.img -m 8 -nographic --incoming tcp::1 -unknown x -h".split(" ");
  assertEquals(splitOptions(words).map(({ name, value }) => value === undefined ? name : `${name}:${value}`), [
    "S",
    "enable-kvm",
    "append:-S",
    "",
    "m:8",
    "nographic",
    "incoming:tcp::1",
    "unknown:x",
    "h",
  ]);
  assertEquals(joinOptions(splitOptions(words)), words);
  assertEquals(splitOptions(["-m"]), [{ name: "m", word: "-m" }]);
  assertEquals(splitOptions(words).map(formatOption).join(" "), words.join(" "));
});

Deno.test("isQemu() goes by the program's name", () => {
  for (const name of ["qemu-system-x86_64", "/usr/libexec/qemu-kvm", "./qemu", "a/qemu-system-ppc64"]) {
    assertEquals(isQemu(name), true, name);
  }
  for (const name of ["", "sh", "qemu-img", "/qemu/run", "qemu-system-x86_64/x"]) {
    assertEquals(isQemu(name), false, name);
  }
});

Deno.test("propertiesOf() and withProperty() know QEMU's commas and JSON", () => {
  const text = "file=a,,b=c.img,if=none,x,id=";
  assertEquals(propertiesOf(text), [
    { name: "file", value: "a,b=c.img" },
    { name: "if", value: "none" },
    { name: "", value: "x" },
    { name: "id", value: "" },
  ]);
  assertEquals(withProperty(text, "if", "a,b"), "file=a,,b=c.img,if=a,,b,x,id=");
  assertEquals(withProperty(text, "none", "y"), text);
  const json = '{"driver":"qcow2","file":{"driver":"file","filename":"a.img"},"list":[{"filename":"b"}],"n":1}';
  assertEquals(propertiesOf(json).map(({ name, value }) => `${name}=${value}`), [
    "driver=qcow2",
    "file.driver=file",
    "file.filename=a.img",
    "list.0.filename=b",
    "n=1",
  ]);
  const changed = withProperty(withProperty(json, "file.filename", "c"), "list.0.filename", "d");
  assertEquals(changed, json.replace("a.img", "c").replace('"b"', '"d"'));
  assertEquals(propertiesOf(""), [{ name: "", value: "" }]);
  assertEquals(propertiesOf(",,a"), [{ name: "", value: ",a" }]);
});
