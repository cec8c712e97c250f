/**
 * Holds migwire to save images that a real libvirt makes, in every format that Debian's libvirt knows. Needs a Debian, and
 * root: libvirt and what it needs are installed with apt-get if they are missing, and run as nobody, in a folder of their own.
 *
 * @module
 */

import { openCapture, readBytes } from "../src/capture/mod.ts";
import { checkCapture } from "../src/report/mod.ts";
import { withFolder } from "./temporary.ts";

const PACKAGES = [
  "libvirt-daemon",
  "libvirt-daemon-driver-qemu",
  "libvirt-clients",
  "qemu-system-x86",
  "lzop",
  "xz-utils",
];

/** Formats of Debian 12's libvirt, by what `qemu.conf` calls them; with the program that unpacks. */
const FORMATS = { raw: "cat", gzip: "gzip", bzip2: "bzip2", xz: "xz", lzop: "lzop" } as const;

const NAME = "tést & one";

const DOMAIN = `<domain type='qemu'><name>${
  NAME.replace("&", "&amp;")
}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
`;

/** Starts a libvirt of its own, saves a domain that has run for a second, and stops it. */
const SAVE = `
set -eu
export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run XDG_CONFIG_HOME=$PWD/config XDG_CACHE_HOME=$PWD/cache
mkdir -p run config/libvirt cache
printf 'stdio_handler = "file"\\nsecurity_driver = "none"\\nsave_image_format = "%s"\\n' "$1" >config/libvirt/qemu.conf
timeout 60 libvirtd >libvirtd.log 2>&1 & daemon=$!
trap 'kill $daemon; wait $daemon || true; rm -rf run/libvirt' EXIT
for _ in $(seq 50); do [ -S run/libvirt/libvirt-sock ] && break; sleep 0.2; done
virsh="timeout 30 virsh -q -c qemu:///session"
$virsh create domain.xml
sleep 1
$virsh save "$2" "$PWD/$1.save" || { $virsh destroy "$2"; exit 1; }
`;

async function command(directory: string, name: string, ...args: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(name, { args, cwd: directory }).output();
  if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** What is wrong with how an image is read. */
async function judge(directory: string, format: string, program: string): Promise<string[]> {
  const path = `${directory}/${format}.save`;
  const capture = openCapture(path);
  try {
    const wrong: string[] = [];
    const { libvirt, channels: [channel] } = capture;
    if (libvirt?.format !== format || !libvirt.running || !libvirt.complete) wrong.push("the header is not understood");
    if (libvirt?.domain.name !== NAME) wrong.push(`the domain is called ${libvirt?.domain.name}`);
    if (!libvirt?.domain.machine?.startsWith("pc-i440fx-")) wrong.push(`the machine is ${libvirt?.domain.machine}`);
    if (!libvirt?.cookie?.includes("<cookie>")) wrong.push("there is no cookie");
    const unpack = program === "cat" ? "cat" : `${program} -dc`;
    const from = (libvirt?.streamOffset ?? 0) + 1;
    const expected = await command(directory, "sh", "-c", `tail -c +${from} ${format}.save | ${unpack}`);
    const found = channel?.source === undefined ? new Uint8Array(0) : readBytes(channel.source, 0, Infinity);
    if (found.length !== expected.length || found.some((byte, i) => byte !== expected[i])) {
      wrong.push(`the stream is not what ${unpack} gives`);
    }
    const { ok, problems } = checkCapture(capture);
    if (!ok) wrong.push(`check: ${problems[0]?.message}`);
    return wrong;
  } finally {
    capture.close();
  }
}

try {
  await command(".", "sh", "-c", "command -v virsh libvirtd lzop");
} catch {
  await command(".", "apt-get", "-q", "-y", "update");
  await command(
    ".",
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-q",
    "-y",
    "--no-install-recommends",
    "install",
    ...PACKAGES,
  );
}
let failed = 0;
await withFolder(async (directory) => {
  await Deno.writeTextFile(`${directory}/domain.xml`, DOMAIN);
  await command(directory, "chown", "-R", "nobody:nogroup", directory);
  for (const [format, program] of Object.entries(FORMATS)) {
    await command(
      directory,
      "setpriv",
      "--reuid",
      "nobody",
      "--regid",
      "nogroup",
      "--clear-groups",
      "bash",
      "-c",
      SAVE,
      "save",
      format,
      NAME,
    );
    const wrong = await judge(directory, format, program);
    failed += wrong.length;
    console.log(`${wrong.length === 0 ? "ok   " : "FAIL "} ${format}`);
    for (const text of wrong) console.log(`      ${text}`);
  }
});
Deno.exit(failed === 0 ? 0 : 1);
